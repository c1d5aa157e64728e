/** A site's request to know an account, from `/login`. */
export interface ConnectRequest {
  readonly successUrl: string
  readonly failureUrl: string
}

/** A site's request to have a message signed, from `/sign-message`. */
export interface SignMessageRequest {
  readonly message: string
  readonly recipient: string
  /** 32 bytes in base64. */
  readonly nonce: string
  readonly callbackUrl: string | undefined
  readonly state: string | undefined
}

/** A site's request to have a text authorized (NEP-641), from `/resolve-auth`. */
export interface ResolveAuthRequest {
  readonly payload: string
  readonly chainId: string
  readonly callbackUrl: string
}

/** @returns undefined if a field is missing or wrong */
export function readResolveAuthRequest(
  fields: Readonly<Record<string, unknown>>,
): ResolveAuthRequest | undefined {
  const { payload, chainId, callbackUrl } = fields
  return isText(payload) && isText(chainId) && isHttpUrl(callbackUrl)
    ? { payload, chainId, callbackUrl }
    : undefined
}

/** @returns undefined if a URL is missing or is not an http(s) URL */
export function readConnectRequest(query: URLSearchParams): ConnectRequest | undefined {
  const successUrl = query.get('success_url')
  const failureUrl = query.get('failure_url') ?? successUrl
  return isHttpUrl(successUrl) && isHttpUrl(failureUrl) ? { successUrl, failureUrl } : undefined
}

/** @returns undefined if a field is missing or wrong */
export function readSignMessageRequest(
  fields: Readonly<Record<string, unknown>>,
): SignMessageRequest | undefined {
  const { message, recipient, nonce, callbackUrl, state } = fields
  if (!isText(message) || !isText(recipient) || !isText(nonce)) return undefined
  if (Buffer.from(nonce, 'base64').length !== 32) return undefined
  if (callbackUrl !== undefined && !isHttpUrl(callbackUrl)) return undefined
  return { message, recipient, nonce, callbackUrl, state: isText(state) ? state : undefined }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Keeps `javascript:` and `data:` out: the wallet's script navigates to these URLs. */
function isHttpUrl(value: unknown): value is string {
  return isText(value) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}
