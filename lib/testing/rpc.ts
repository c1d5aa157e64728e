import { isAccountId } from '../credentials'
import { parsePublicKey } from '../nep413/signature'
import { hashOf, type Block, type Chain } from './chain'

/** An HTTP answer of a node. */
export interface RpcAnswer {
  readonly status: number
  readonly body: object
}

type Params = Record<string, unknown>

/** An error that a node answers with instead of a result. */
class RpcError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly reason: { readonly name: string; readonly info: object },
    readonly code: number,
    message: string,
    readonly data: unknown,
  ) {
    super(message)
  }
}

const VERSION = { version: '2.13.0', build: 'passport-near-testing', rustc_version: '1.86.0' }
const PROTOCOL_VERSION = 85
const FINALITIES = new Set<unknown>(['final', 'near-final', 'optimistic'])
const CHECKPOINTS = new Set<unknown>(['genesis', 'earliest_available'])
const NO_CODE = '1'.repeat(32)
const EMPTY_HASH = '1'.repeat(32)

/**
 * Answers a JSON-RPC request as nearcore does.
 *
 * @see {@link https://docs.near.org/api/rpc/introduction NEAR RPC}
 */
export function answer(chain: Chain, text: string): RpcAnswer {
  let id: unknown = null
  try {
    const request = readRequest(text)
    id = request.id
    return { status: 200, body: { jsonrpc: '2.0', result: call(chain, request.method, request.params), id } }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { status, kind, reason, code, message, data } = error
    return { status, body: { jsonrpc: '2.0', error: { name: kind, cause: reason, code, message, data }, id } }
  }
}

/** What a node says of itself, for the method `status` and for `GET /status`. */
export function status(chain: Chain): object {
  const { height, hash } = chain.head
  return {
    version: VERSION,
    chain_id: 'localnet',
    protocol_version: PROTOCOL_VERSION,
    latest_protocol_version: PROTOCOL_VERSION,
    rpc_addr: '127.0.0.1',
    genesis_hash: hashOf('genesis'),
    node_public_key: `ed25519:${hashOf('node')}`,
    node_key: null,
    validator_account_id: null,
    validator_public_key: null,
    validators: [],
    sync_info: {
      latest_block_hash: hash,
      latest_block_height: height,
      latest_state_root: hashOf(`state ${height}`),
      latest_block_time: new Date().toISOString(),
      syncing: false,
    },
    uptime_sec: Math.floor(process.uptime()),
  }
}

function readRequest(text: string): { id: unknown; method: unknown; params: unknown } {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch {
    throw parseError('Failed parsing args: the body is not JSON')
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw parseError('Failed parsing args: the body is not a request')
  }
  const { id, method, params } = request as Params
  return { id, method, params }
}

function call(chain: Chain, method: unknown, params: unknown): object {
  switch (method) {
    case 'query':
      return query(chain, readQuery(params))
    case 'block':
      return block(
        chain,
        Array.isArray(params) ? { block_id: params[0] as unknown } : ((params ?? {}) as Params),
      )
    case 'status':
      return status(chain)
    default:
      throw new RpcError(
        400,
        'REQUEST_VALIDATION_ERROR',
        { name: 'METHOD_NOT_FOUND', info: { method_name: method } },
        -32601,
        'Method not found',
        method,
      )
  }
}

/** Named parameters, or the older form: a path, and bytes that these queries have no use for. */
function readQuery(params: unknown): Params {
  if (!Array.isArray(params)) return (params ?? {}) as Params
  const [kind, account_id, public_key] = String(params[0]).split('/')
  const requestType = kind === 'access_key' && public_key === undefined ? 'access_key_list' : kind
  return { request_type: `view_${requestType}`, account_id, public_key, finality: 'optimistic' }
}

function query(chain: Chain, params: Params): object {
  const accountId = params.account_id
  if (typeof accountId !== 'string' || !isAccountId(accountId)) {
    throw parseError('Failed parsing args: the account id is not valid')
  }
  const at = blockOf(chain, params)
  const position = { block_height: at.height, block_hash: at.hash }
  switch (params.request_type) {
    case 'view_account':
      return { ...viewAccount(chain, accountId, at), ...position }
    case 'view_access_key':
      return { ...viewAccessKey(chain, accountId, params.public_key, at), ...position }
    case 'view_access_key_list':
      return { ...viewAccessKeyList(chain, accountId, at), ...position }
    default:
      throw parseError('Failed parsing args: unknown variant of request_type')
  }
}

function viewAccount(chain: Chain, accountId: string, at: Block): object {
  if (!chain.accountExists(accountId, at.height)) {
    throw new RpcError(
      200,
      'HANDLER_ERROR',
      {
        name: 'UNKNOWN_ACCOUNT',
        info: { requested_account_id: accountId, block_height: at.height, block_hash: at.hash },
      },
      -32000,
      'Server error',
      `account ${accountId} does not exist while viewing`,
    )
  }
  const amount = '100000000000000000000000000'
  return { amount, locked: '0', code_hash: NO_CODE, storage_usage: 182, storage_paid_at: 0 }
}

/** A missing key, and a missing account too, is a result that carries an error: so nearcore has it. */
function viewAccessKey(chain: Chain, accountId: string, publicKey: unknown, at: Block): object {
  const parsed = typeof publicKey === 'string' ? parsePublicKey(publicKey) : undefined
  if (!parsed) throw parseError('Failed parsing args: the public key is not valid')
  const key = chain.key(accountId, parsed.text, at.height)
  if (!key) return { error: `access key ${parsed.text} does not exist while viewing`, logs: [] }
  return { nonce: 0, permission: key.permission }
}

function viewAccessKeyList(chain: Chain, accountId: string, at: Block): object {
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

function block(chain: Chain, params: Params): object {
  const { height, hash } = blockOf(chain, params)
  const previous = chain.find(height - 1)
  const now = Date.now()
  return {
    author: 'validator.test',
    header: {
      height,
      hash,
      prev_height: previous?.height ?? null,
      prev_hash: previous?.hash ?? EMPTY_HASH,
      epoch_id: hashOf('epoch'),
      next_epoch_id: hashOf('next epoch'),
      prev_state_root: hashOf(`state ${height - 1}`),
      chunk_receipts_root: EMPTY_HASH,
      chunk_headers_root: EMPTY_HASH,
      chunk_tx_root: EMPTY_HASH,
      outcome_root: EMPTY_HASH,
      chunks_included: 0,
      challenges_root: EMPTY_HASH,
      challenges_result: [],
      timestamp: now * 1e6,
      timestamp_nanosec: `${now}000000`,
      random_value: hashOf(`random ${height}`),
      validator_proposals: [],
      chunk_mask: [],
      gas_price: '100000000',
      block_ordinal: height,
      total_supply: '1000000000000000000000000000000000',
      last_final_block: hash,
      last_ds_final_block: hash,
      next_bp_hash: hashOf('block producers'),
      block_merkle_root: hashOf(`blocks ${height}`),
      epoch_sync_data_hash: null,
      approvals: [],
      signature: `ed25519:${'1'.repeat(64)}`,
      latest_protocol_version: PROTOCOL_VERSION,
    },
    chunks: [],
  }
}

/** Every block is final at once, so a finality means the latest. */
function blockOf(chain: Chain, { block_id, finality, sync_checkpoint }: Params): Block {
  if (block_id === undefined) {
    if (FINALITIES.has(finality) || CHECKPOINTS.has(sync_checkpoint)) return chain.head
    throw parseError('Failed parsing args: missing or unknown block_id, finality or sync_checkpoint')
  }
  const found = chain.find(block_id)
  if (found) return found
  throw new RpcError(
    422,
    'HANDLER_ERROR',
    { name: 'UNKNOWN_BLOCK', info: { block_reference: { block_id } } },
    -32000,
    'Server error',
    'DB Not Found Error: the block is not known',
  )
}

function parseError(explanation: string): RpcError {
  return new RpcError(
    400,
    'REQUEST_VALIDATION_ERROR',
    { name: 'PARSE_ERROR', info: { error_message: explanation } },
    -32700,
    'Parse error',
    explanation,
  )
}
