import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  NearStrategy,
  type DefaultRequest,
  type NearStrategyOptions,
  type WalletContractsOptions,
} from 'passport-near'
import type { MessageToSign, SignedMessage } from 'passport-near/testing'
import { listen, type Cleanup } from './app'
import { authenticate, recordedStore, type Outcome } from './strategy'

export type Respond = (request: { id: string }, response: ServerResponse, message: IncomingMessage) => void

/** A node with given responses; `requests` are the bodies that it received. */
export async function startNode(
  cleanup: Cleanup,
  respond: Respond,
): Promise<{ url: string; requests: unknown[] }> {
  const requests: unknown[] = []
  const { url } = await listen((message, response) => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      const request = JSON.parse(Buffer.concat(chunks).toString()) as { id: string }
      requests.push(request)
      respond(request, response, message)
    })
  }, cleanup)
  return { url, requests }
}

export const answering =
  (answer: object, status = 200): Respond =>
  ({ id }, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  }

export const handlerError = (cause: string): object => ({
  error: {
    name: 'HANDLER_ERROR',
    cause: { name: cause, info: {} },
    code: -32000,
    data: '…',
    message: 'Server error',
  },
})

export const yes = { action: 'success' }
export const noKey = { action: 'fail', status: 401, info: { code: 'ERR_NEAR_ACCESS_KEY_NOT_FOUND' } }
export const limited = { action: 'fail', status: 401, info: { code: 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS' } }
export const cannotTell = { action: 'error', error: { code: 'ERR_NEAR_RPC_UNAVAILABLE', status: 503 } }

export interface LoginResult {
  outcome: Outcome
  ms: number
}

const NONCE = new Uint8Array(32)

/** A signer with the interface of a wallet, such as a TestAccount. */
export interface Signer {
  signMessage(message: MessageToSign): Promise<SignedMessage>
}

/** A strategy that accepts any signature over one message, with the chain from the options. */
export function strategyFor(
  options: Partial<NearStrategyOptions<DefaultRequest, false, boolean | WalletContractsOptions>>,
): NearStrategy {
  const store = recordedStore({ message: 'm', nonce: Buffer.from(NONCE).toString('base64') })
  const near = { recipient: 'r', store, ...options } as NearStrategyOptions
  return new NearStrategy(near, (profile, done) => done(null, profile))
}

/** A login that passes every check before the key check. */
export async function loginWith(strategy: NearStrategy, signer: Signer): Promise<LoginResult> {
  const body = await signer.signMessage({ message: 'm', recipient: 'r', nonce: NONCE })
  const began = performance.now()
  const outcome = await authenticate(strategy, { body })
  return { outcome, ms: performance.now() - began }
}

export const loginAs = (signer: Signer, options: Partial<NearStrategyOptions>): Promise<LoginResult> =>
  loginWith(strategyFor(options), signer)
