import { isAccountId } from '../validate'
import { decodeBase58 } from '../nep413/base58'
import { parsePublicKey } from '../nep413/signature'
import { callContract } from './contract'
import { hashOf, type Block, type Chain } from './chain'
import { handlerError, parseError, unsupported, type RpcError } from './rpc-errors'

export type Params = Record<string, unknown>

type View = (chain: Chain, accountId: string, at: Block, params: Params) => object

const FINALITIES = new Set<unknown>(['final', 'near-final', 'optimistic'])
const CHECKPOINTS = new Set<unknown>(['genesis', 'earliest_available'])
const NO_CODE = '1'.repeat(32)

const VIEWS: ReadonlyMap<unknown, View> = new Map([
  ['view_account', viewAccount],
  ['view_access_key', viewAccessKey],
  ['view_access_key_list', viewAccessKeyList],
  ['call_function', callFunction],
])

/** Named parameters, or the older form: a path, and bytes in base58, which only a view call has a use for. */
export function readQuery(params: unknown): Params {
  if (!Array.isArray(params)) return (params ?? {}) as Params
  const [kind, account_id, public_key] = String(params[0]).split('/')
  if (kind === 'call') {
    const args_base64 = Buffer.from(decodeBase58(String(params[1] ?? '')) ?? []).toString('base64')
    return {
      request_type: 'call_function',
      account_id,
      method_name: public_key,
      args_base64,
      finality: 'optimistic',
    }
  }
  const requestType = kind === 'access_key' && public_key === undefined ? 'access_key_list' : kind
  return { request_type: `view_${requestType}`, account_id, public_key, finality: 'optimistic' }
}

/** Answers the method `query`. */
export function query(chain: Chain, params: Params): object {
  const { request_type: requestType, account_id: accountId } = params
  const view = VIEWS.get(requestType)
  if (!view) throw unsupported('request_type', requestType)
  if (typeof accountId !== 'string' || !isAccountId(accountId)) {
    throw parseError('Failed parsing args: the account id is not valid')
  }
  const at = blockOf(chain, params)
  return { ...view(chain, accountId, at, params), block_height: at.height, block_hash: at.hash }
}

/** Every block is final at once, so a finality means the latest. */
export function blockOf(chain: Chain, { block_id, finality, sync_checkpoint }: Params): Block {
  if (block_id === undefined) {
    if (FINALITIES.has(finality) || CHECKPOINTS.has(sync_checkpoint)) return chain.head
    throw parseError('Failed parsing args: missing or unknown block_id, finality or sync_checkpoint')
  }
  const found = chain.find(block_id)
  if (found) return found
  const info = { block_reference: { block_id } }
  throw handlerError(422, 'UNKNOWN_BLOCK', info, 'DB Not Found Error: the block is not known')
}

function viewAccount(chain: Chain, accountId: string, at: Block): object {
  if (!chain.accountExists(accountId, at.height)) throw unknownAccount(accountId, at)
  const amount = '100000000000000000000000000'
  const code_hash = chain.contract(accountId, at.height) ? hashOf(`code of ${accountId}`) : NO_CODE
  return { amount, locked: '0', code_hash, storage_usage: 182, storage_paid_at: 0 }
}

/** An absent key or account is a result with an error, as in nearcore since its pull request 16267. */
function viewAccessKey(
  chain: Chain,
  accountId: string,
  at: Block,
  { public_key: publicKey }: Params,
): object {
  const parsed = typeof publicKey === 'string' ? parsePublicKey(publicKey) : undefined
  if (!parsed) throw parseError('Failed parsing args: the public key is not valid')
  if (!chain.accountExists(accountId, at.height)) {
    return { error: `account ${accountId} does not exist while viewing`, logs: [] }
  }
  const key = chain.key(accountId, parsed.text, at.height)
  if (!key) return { error: `access key ${parsed.text} does not exist while viewing`, logs: [] }
  return { nonce: 0, permission: key.permission }
}

/** A contract that does not return is a result with an error, as in nearcore. */
function callFunction(chain: Chain, accountId: string, at: Block, params: Params): object {
  const { method_name: method, args_base64: args } = params
  if (typeof method !== 'string' || typeof args !== 'string')
    throw parseError('Failed parsing args: method_name and args_base64 must be strings')
  if (!chain.accountExists(accountId, at.height)) throw unknownAccount(accountId, at)
  const context = { accountId, chainId: chain.chainId, blockTimestamp: BigInt(at.time) * 1_000_000n }
  const contract = chain.contract(accountId, at.height)
  const result = callContract(contract, method, Buffer.from(args, 'base64'), context)
  if ('bytes' in result) return { result: result.bytes, logs: [] }
  return { error: `wasm execution failed with error: ${result.error}`, logs: [] }
}

function viewAccessKeyList(chain: Chain, accountId: string, at: Block): object {
  if (!chain.accountExists(accountId, at.height)) throw unknownAccount(accountId, at)
  const keys = chain.keys(accountId, at.height).map(({ publicKey, permission }) => ({
    public_key: listedKey(publicKey),
    access_key: { nonce: 0, permission },
  }))
  return { keys }
}

/** Keys of ML-DSA-65 are long: a list shows their hashes. */
function listedKey(publicKey: string): string {
  return publicKey.startsWith('ml-dsa-65:') ? `ml-dsa-65-hash:${hashOf(publicKey)}` : publicKey
}

function unknownAccount(accountId: string, at: Block): RpcError {
  const info = { requested_account_id: accountId, block_height: at.height, block_hash: at.hash }
  return handlerError(200, 'UNKNOWN_ACCOUNT', info, `account ${accountId} does not exist while viewing`)
}
