/** A challenge of a site that accepts wallet contracts: the part that a wallet's `resolveAuth` needs. */
export interface ChallengeToAuthorize {
  /** The text to be authorized. */
  payload?: string | undefined
  /** The network, such as `mainnet`. */
  chainId?: string | undefined
  state?: string | undefined
}

/** What a wallet's `resolveAuth` returns, with the challenge's handle: ready to post. */
export interface AuthorizedLogin {
  accountId: string
  authorization: string
  state?: string
}

/** @internal What a wallet signs, as the standard's OffchainMessage. */
export interface Message {
  readonly chain_id: string
  readonly signer_id: string
  readonly path?: readonly string[]
  readonly timestamp: string
  readonly payload: string
}

/** How far back wallets date their messages, so that no block is older, in milliseconds. */
const BACKDATING = 60_000

/** @internal @throws {TypeError} when the challenge has no payload */
export function readChallenge({ payload, chainId, state }: ChallengeToAuthorize): {
  payload: string
  chainId: string
  state: string | undefined
} {
  if (typeof payload === 'string' && typeof chainId === 'string') return { payload, chainId, state }
  throw new TypeError(
    'resolveAuth: the challenge has no payload and chainId; set the option walletContracts of the strategy',
  )
}

/** @internal A message of now. A path that is empty is left out, as wallets do. */
export function createMessage(
  accountId: string,
  { payload, chainId }: { payload: string; chainId: string },
  path: readonly string[],
): Message {
  const timestamp = new Date(Date.now() - BACKDATING).toISOString()
  const route = path.length > 0 ? { path } : {}
  return { chain_id: chainId, signer_id: accountId, ...route, timestamp, payload }
}

/** An account of a test network that can sign for the accounts above it. */
export interface SigningAccount {
  readonly accountId: string
  /** Signs for the accounts above, from the nearest to the top. */
  authorize(challenge: { payload: string; chainId: string }, path: readonly string[]): string
}

/** @internal An authorization of the top account that is signed by the lowest one. */
export function authorizeThrough(
  accountId: string,
  through: readonly SigningAccount[],
  challenge: { payload: string; chainId: string },
): string {
  const ids = [accountId, ...through.map((each) => each.accountId)]
  const signed = through.at(-1)!.authorize(challenge, ids.slice(0, -1).reverse())
  return wrapInExtensions(ids, signed, challenge.payload)
}

/**
 * @internal Wraps an authorization of the lowest account for the accounts above it.
 *
 * @param ids - from the top down
 */
export function wrapInExtensions(ids: readonly string[], authorization: string, payload: string): string {
  return ids
    .slice(1)
    .reduceRight(
      (inner, account_id) => JSON.stringify({ extension: { account_id, authorization: inner, payload } }),
      authorization,
    )
}
