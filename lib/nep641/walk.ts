import { isFullAccess } from '../access-keys/source'
import { viewAccessKey } from '../access-keys/view-access-key'
import { AbortHandle } from '../rpc/abort-handle'
import { callFunctionParams, causeOf, MAX_RESULT_BYTES, parseFunctionResult } from '../rpc/call-function'
import type { Endpoint } from '../rpc/endpoint'
import type { AttemptOptions } from '../rpc/hedged-query'
import { InvalidResponseError } from '../rpc/http'
import { callMethod, type RpcResponse } from '../rpc/json-rpc'
import { isSignedAsExpected, parseAccessKeyAuthorization } from './access-key-authorization'
import { isAboutBlock, parseBlock, type PinnedBlock } from './block'
import { METHOD, parseContractAnswer, resolveAuthArgs } from './contract'
import { MAX_AUTHORIZATION_BYTES } from './payload'
import { Semaphore } from './semaphore'

/*
 * Problem: a contract may depend on other accounts, which may depend on others, and each of them can change at any time.
 * Mechanism: all of them are asked at one block of one endpoint. The first no ends the walk.
 * Threat: endless or wide graphs, answers of another block, and a no that is hidden behind a slow answer.
 */

/** What a site accepts. @internal */
export interface ResolutionLimits {
  /** How many accounts may stand above another one. */
  readonly maxDepth: number
  /** How many authorizations an account may depend on, all levels together. */
  readonly maxAuthorizations: number
}

/** What is asked of an account. @internal */
export interface ResolutionRequest extends ResolutionLimits {
  readonly accountId: string
  readonly authorization: string
  readonly chainId: string
  readonly allowImplicit: boolean
  /** The payload that must be authorized; undefined if the caller compares it. */
  readonly expect: string | undefined
}

/** A payload that an account authorizes, and who decided so. @internal */
export interface Resolved {
  readonly payload: string
  readonly via: 'access-key' | 'contract'
  /** `<type>:<base58>`, where an access key decided. */
  readonly publicKey?: string
}

/** Why an authorization does not resolve. @internal */
export type Unresolved = 'invalid' | 'limit' | 'unknown-account'

interface Node {
  readonly accountId: string
  /** The accounts above, from the nearest to the top. */
  readonly path: readonly string[]
  readonly authorization: string
  readonly expect: string | undefined
}

const MAX_CONCURRENT_REQUESTS = 4
const UNPROCESSABLE = 422

/** Ends a walk: a definite no. */
class Stop extends Error {
  constructor(readonly reason: Unresolved) {
    super(reason)
  }
}

/** One for each reason: taking a stack costs time, and a visitor can cause many. */
const INVALID = new Stop('invalid')
const LIMIT = new Stop('limit')
const UNKNOWN_ACCOUNT = new Stop('unknown-account')

/** Resolves an authorization at one block of one endpoint. @internal */
export class Walk {
  readonly #endpoint: Endpoint
  readonly #request: ResolutionRequest
  readonly #options: AttemptOptions
  readonly #slots = new Semaphore(MAX_CONCURRENT_REQUESTS)
  readonly #abortHandle = new AbortHandle()
  #block: PinnedBlock | undefined
  #authorizations = 0
  #requests = 0

  constructor(endpoint: Endpoint, request: ResolutionRequest, options: AttemptOptions) {
    this.#endpoint = endpoint
    this.#request = request
    this.#options = options
  }

  /**
   * @throws {InvalidResponseError} when the endpoint cannot tell
   * @throws {Error} for a network error, or when the request is aborted
   */
  async run(): Promise<Resolved | Unresolved> {
    const removeListener = this.#options.abortHandle.onAbort(() => this.#abortHandle.abort())
    try {
      this.#block = parseBlock(await this.#send('block', { finality: 'final' }, MAX_RESULT_BYTES))
      this.#options.onProgress()
      const { accountId, authorization, expect } = this.#request
      return await this.#resolve({ accountId, path: [], authorization, expect })
    } catch (error) {
      if (error instanceof Stop) return error.reason
      throw error
    } finally {
      removeListener()
      this.#abortHandle.abort()
    }
  }

  /** The key first: it is the cheaper question, and a yes makes the other one superfluous. */
  async #resolve(node: Node): Promise<Resolved> {
    return (await this.#resolveByKey(node)) ?? (await this.#resolveByContract(node))
  }

  /** @returns undefined if no key of the account decides */
  async #resolveByKey({ accountId, path, authorization, expect }: Node): Promise<Resolved | undefined> {
    const parsed = parseAccessKeyAuthorization(authorization)
    if (!parsed) return undefined
    const { chainId, allowImplicit } = this.#request
    const blockTimestamp = this.#block!.timestamp
    const expected = { chainId, accountId, path, payload: expect, blockTimestamp }
    if (!isSignedAsExpected(parsed, expected)) return undefined
    const publicKey = parsed.accessKey.text
    const permission = await viewAccessKey(
      (params) => this.#query(params),
      { accountId, publicKey, allowImplicit },
      { block_id: this.#block!.hash },
    )
    if (isFullAccess(permission) !== true) return undefined
    return { payload: parsed.msg.payload, via: 'access-key', publicKey }
  }

  async #resolveByContract({ accountId, path, authorization, expect }: Node): Promise<Resolved> {
    const at = { block_id: this.#block!.hash }
    const params = callFunctionParams(accountId, METHOD, resolveAuthArgs(path, authorization), at)
    const result = parseFunctionResult(await this.#query(params, MAX_RESULT_BYTES))
    if (result === 'unknown-account' && path.length === 0) throw UNKNOWN_ACCOUNT
    const answer = parseContractAnswer(result)
    if (!answer) throw INVALID
    const { payload, pending } = answer
    if (expect !== undefined && payload !== expect) throw INVALID

    if (pending.length > 0) {
      this.#authorizations += pending.length
      const { maxDepth, maxAuthorizations } = this.#request
      const isTooMuch =
        path.length >= maxDepth ||
        this.#authorizations > maxAuthorizations ||
        pending.some((each) => Buffer.byteLength(each.authorization) > MAX_AUTHORIZATION_BYTES)
      if (isTooMuch) throw LIMIT
      const below = [accountId, ...path]
      await Promise.all(pending.map((each) => this.#resolve({ ...each, path: below })))
    }
    return { payload, via: 'contract' }
  }

  /** Asks at the pinned block. Behind a load balancer, a node may not have the block yet: it is asked once more. */
  async #query(params: object, maxBytes?: number): Promise<RpcResponse> {
    const response = (await this.#tryQuery(params, maxBytes)) ?? (await this.#tryQuery(params, maxBytes))
    if (!response) throw new InvalidResponseError('a node that does not know the block', false)
    if (isAboutBlock(response, this.#block!.hash)) return response
    throw new InvalidResponseError('a response about another block', false)
  }

  /** @returns undefined if the node does not know the block */
  async #tryQuery(params: object, maxBytes?: number): Promise<RpcResponse | undefined> {
    try {
      const response = await this.#send('query', params, maxBytes)
      this.#options.onProgress()
      return response.error && causeOf(response.error) === 'UNKNOWN_BLOCK' ? undefined : response
    } catch (error) {
      if (!(error instanceof InvalidResponseError)) throw error
      if (error.status === UNPROCESSABLE) return undefined
      // What a visitor sent can cause any response to a query.
      throw new InvalidResponseError(error.message, false)
    }
  }

  async #send(method: string, params: object, maxBytes?: number): Promise<RpcResponse> {
    const maxRequests = 1 + 3 * (1 + this.#request.maxAuthorizations)
    if (++this.#requests > maxRequests) throw new InvalidResponseError('too many requests are needed')
    return this.#slots.run(() =>
      callMethod(this.#endpoint, method, params, {
        abortHandle: this.#abortHandle,
        onSocket: this.#options.onSocket,
        pool: 'contracts',
        maxBytes,
      }),
    )
  }
}
