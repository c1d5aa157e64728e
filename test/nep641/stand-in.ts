import { hashPayload, type OffchainMessage } from 'passport-near'
import { encodeBase58 } from '../../lib/nep413/base58'
import { nep413Payload } from '../../lib/nep641/access-key-authorization'
import type { Cleanup } from '../support/app'
import type { Wallet } from '../support/wallet'
import { startNode, type Respond } from '../support/nodes'

/** The parameters of a JSON-RPC request that the tests look at. */
export interface Params {
  request_type?: string
  account_id?: string
  public_key?: string
  args_base64?: string
  block_id?: string
  finality?: string
}

export interface Request {
  id: string
  method: string
  params: Params
}

/** What a node answers: its fields, with `result` or `error`; or a function that responds itself. */
export type Answer = object | Respond

export interface Behaviour {
  block?: (count: number) => Answer
  call?: (args: { path: string[]; authorization: string }, accountId: string, count: number) => Answer
  key?: (params: Params) => Answer
  account?: (params: Params) => Answer
}

export interface StandIn {
  url: string
  requests: Request[]
  /** The kinds of the requests in their order: `block`, `call_function`, … */
  kinds: () => (string | undefined)[]
}

export const BLOCK_HASH = encodeBase58(Buffer.alloc(32, 7))
export const at = { block_height: 7, block_hash: BLOCK_HASH, logs: [] }

export const blockOf = (time = Date.now(), hash: unknown = BLOCK_HASH): object => ({
  result: { header: { height: 7, hash, timestamp: time * 1e6, timestamp_nanosec: `${time}000000` } },
})

/** A contract's answer, as bytes. */
export const returned = (value: unknown): object => ({
  result: {
    result: [
      ...(value instanceof Uint8Array
        ? value
        : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))),
    ],
    ...at,
  },
})

export const failed = (error: string): object => ({ result: { error, ...at } })

export const handlerError = (name: string, info: object = {}): object => ({
  error: {
    name: 'HANDLER_ERROR',
    cause: { name, info: { block_height: 7, block_hash: BLOCK_HASH, ...info } },
    code: -32000,
    data: '…',
    message: 'Server error',
  },
})

/** A node that answers as it is told. By itself, it has a block of now and a contract that authorizes `p` everywhere. */
export async function startStandIn(cleanup: Cleanup, behaviour: Behaviour = {}): Promise<StandIn> {
  const {
    block = () => blockOf(),
    call = () => returned({ payload: 'p' }),
    key = () => failed('access key x does not exist while viewing'),
    account = () => handlerError('UNKNOWN_ACCOUNT'),
  } = behaviour
  const counts = { block: 0, call: 0 }
  const answerTo = ({ method, params }: Request): Answer => {
    if (method === 'block') return block(counts.block++)
    if (params.request_type === 'view_access_key') return key(params)
    if (params.request_type === 'view_account') return account(params)
    const args = JSON.parse(Buffer.from(params.args_base64!, 'base64').toString()) as {
      path: string[]
      authorization: string
    }
    return call(args, params.account_id!, counts.call++)
  }
  const { url, requests } = await startNode(cleanup, (request, response, message) => {
    const answer = answerTo(request as Request)
    if (typeof answer === 'function') return (answer as Respond)(request, response, message)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...answer }))
  })
  const kinds = (): (string | undefined)[] =>
    (requests as Request[]).map(({ method, params }) => params.request_type ?? method)
  return { url, requests: requests as Request[], kinds }
}

/** An authorization by a key outside of the test network. */
export function authorizeWith(
  wallet: Wallet,
  accountId: string,
  fields: Partial<OffchainMessage> = {},
): string {
  const timestamp = new Date(Date.now() - 60_000).toISOString()
  const msg = { chain_id: 'mainnet', signer_id: accountId, timestamp, payload: 'p', ...fields }
  const signature = encodeBase58(wallet.sign(hashPayload(nep413Payload(msg, undefined))))
  const type = wallet.publicKey.split(':')[0]!
  const via = { schema: 'nep413', extra: {} }
  return JSON.stringify({ msg, via, access_key: wallet.publicKey, signature: `${type}:${signature}` })
}
