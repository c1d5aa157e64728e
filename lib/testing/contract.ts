/** What a contract's view function gets besides its arguments. */
export interface ContractContext {
  /** The account that has the contract. */
  readonly accountId: string
  /** The network's name, such as `mainnet`. */
  readonly chainId: string
  /** The time of the block, in nanoseconds since 1970. */
  readonly blockTimestamp: bigint
}

/** The arguments of `w_resolve_auth` (NEP-641). */
export interface ResolveAuthArgs {
  /** The accounts above, from the nearest to the top. */
  readonly path: readonly string[]
  readonly authorization: string
}

/**
 * A view function of a contract. The result is sent as JSON, bytes as they are, and `undefined` as no bytes. An exception is a panic
 * with its text.
 */
export type ViewFunction<Args = never> = (args: Args, context: ContractContext) => unknown

/** @internal A contract's view functions by their names. */
export type Contract = Readonly<Record<string, ViewFunction>>

/** @internal The bytes that a view function returned, or the text of the virtual machine's error. */
export type CallResult = { readonly bytes: number[] } | { readonly error: string }

/** @internal Calls a view function as a node does. */
export function callContract(
  contract: Contract | undefined,
  method: string,
  args: Buffer,
  context: ContractContext,
): CallResult {
  if (!contract)
    return { error: `CompilationError(CodeDoesNotExist { account_id: AccountId("${context.accountId}") })` }
  const run = Object.hasOwn(contract, method) ? contract[method] : undefined
  if (!run) return { error: 'MethodResolveError(MethodNotFound)' }
  try {
    const result = run(parseArgs(args), context)
    return { bytes: [...toBytes(result)] }
  } catch (error) {
    const text = JSON.stringify(error instanceof Error ? error.message : String(error))
    return { error: `HostError(GuestPanic { panic_msg: ${text} })` }
  }
}

function parseArgs(args: Buffer): never {
  try {
    return JSON.parse(args.length > 0 ? args.toString('utf8') : '{}') as never
  } catch {
    throw new Error('Failed to deserialize input from JSON.')
  }
}

function toBytes(result: unknown): Uint8Array {
  if (result instanceof Uint8Array) return result
  return Buffer.from(result === undefined ? '' : JSON.stringify(result))
}
