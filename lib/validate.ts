/** The longest delay that a timer takes, in milliseconds. */
export const MAX_DELAY = 2 ** 31 - 1

/** Whether a value is a text that a wallet can sign: not empty, and without a lone surrogate. */
export function isSignableText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

/** @see {@link https://nomicon.io/DataStructures/Account#account-id-rules NEAR account id rules} */
const ACCOUNT_ID = /^(?=.{2,64}$)[a-z0-9]+(?:[-_.][a-z0-9]+)*$/

/** Whether a value has the form of a NEAR account id. The account may not exist. */
export function isAccountId(value: unknown): value is string {
  return typeof value === 'string' && ACCOUNT_ID.test(value)
}

/** Describes a value in an error message. Objects are not spelled out, and texts are cut after 40 characters. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/**
 * Rejects an option.
 *
 * @param owner - the class or function that takes the option
 * @throws {TypeError} always: names the owner, the option, what was expected and what came
 */
export function invalidOption(owner: string, name: string, expected: string, got: string): never {
  throw new TypeError(`${owner}: option "${name}" must be ${expected}; got ${got}`)
}

/**
 * Validates the options object itself: an unknown option is probably a mistyped one.
 *
 * @param known - the name of each option
 */
export function validateOptions<Options extends object>(
  owner: string,
  options: unknown,
  known: Readonly<Record<keyof Options, true>>,
): asserts options is Options {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${owner}: options must be an object; got ${describeValue(options)}`)
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    throw new TypeError(
      `${owner}: option "${unknown}" is not known; expected one of ${Object.keys(known).join(', ')}`,
    )
  }
}

export function validateString(owner: string, name: string, value: unknown): string {
  return isSignableText(value)
    ? value
    : invalidOption(owner, name, 'a non-empty string', describeValue(value))
}

export function validateBoolean(owner: string, name: string, value: unknown): boolean {
  return typeof value === 'boolean'
    ? value
    : invalidOption(owner, name, 'true or false', describeValue(value))
}

/** @returns a duration in milliseconds */
export function validateDuration(owner: string, name: string, value: unknown): number {
  return typeof value === 'number' && value > 0 && value <= MAX_DELAY
    ? value
    : invalidOption(owner, name, `a number of milliseconds from 1 to ${MAX_DELAY}`, describeValue(value))
}

export function validateOneOf<Value extends string>(
  owner: string,
  name: string,
  value: unknown,
  allowed: readonly Value[],
): Value {
  return allowed.includes(value as Value)
    ? (value as Value)
    : invalidOption(owner, name, allowed.map((each) => `"${each}"`).join(' or '), describeValue(value))
}

export function validateFunction<Value>(owner: string, name: string, value: Value, signature: string): Value {
  return typeof value === 'function'
    ? value
    : invalidOption(owner, name, `a function ${signature}`, describeValue(value))
}

export function validateMethods<Value extends object>(
  owner: string,
  name: string,
  value: Value,
  methods: readonly (keyof Value & string)[],
): Value {
  const missing = methods.find((method) => typeof (value as Value | null)?.[method] !== 'function')
  return missing === undefined
    ? value
    : invalidOption(owner, name, `an object with a function "${missing}"`, describeValue(value))
}

/** A URL of any scheme but `javascript:`, because an app on a phone may have a custom scheme. */
export function validateAbsoluteUrl(owner: string, name: string, value: unknown): string {
  return typeof value === 'string' &&
    /^(?!javascript:)[a-z][a-z0-9+.-]*:\/\//i.test(value) &&
    URL.canParse(value) &&
    value.isWellFormed()
    ? value
    : invalidOption(
        owner,
        name,
        'an absolute URL such as https://app.example.com/login',
        describeValue(value),
      )
}

export function validateHttpUrl(owner: string, name: string, value: unknown): string {
  const url = typeof value === 'string' ? parseHttpUrl(value) : undefined
  return url ? url.href : invalidOption(owner, name, 'an absolute http or https URL', describeValue(value))
}

/** @returns undefined if the value is not an http or https URL */
export function parseHttpUrl(value: unknown): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : value
  return url instanceof URL && /^https?:$/.test(url.protocol) ? url : undefined
}
