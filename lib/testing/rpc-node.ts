import { hashOf, type Block, type Chain } from './chain'

const VERSION = {
  version: '2.13.0',
  build: 'passport-near-testing',
  commit: 'passport-near-testing',
  rustc_version: '1.86.0',
}
const PROTOCOL_VERSION = 85
const EMPTY_HASH = '1'.repeat(32)

/** What a node says of itself, for the method `status` and for `GET /status`. */
export function viewStatus(chain: Chain): object {
  const { height, hash } = chain.head
  return {
    version: VERSION,
    chain_id: chain.chainId,
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

/** A block as the method `block` shows it. */
export function viewBlock(chain: Chain, { height, hash, time }: Block): object {
  const previous = chain.find(height - 1)
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
      timestamp: time * 1e6,
      timestamp_nanosec: `${time}000000`,
      random_value: hashOf(`random ${height}`),
      rent_paid: '0',
      validator_reward: '0',
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
