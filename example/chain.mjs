import { startEmbeddedChain } from './embedded-chain.mjs'

/**
 * Where accounts and their keys are.
 *
 * @typedef {object} Chain
 * @property {'mainnet' | 'testnet'} network
 * @property {string} [rpc] - undefined for the network's public endpoints
 * @property {string} walletUrl - a web wallet
 * @property {boolean} isEmbedded
 * @property {string[]} accountIds - whom the development wallet signs for
 * @property {() => Promise<void>} stop
 */

const WEB_WALLETS = { mainnet: 'https://app.mynearwallet.com', testnet: 'https://testnet.mynearwallet.com' }

/**
 * @param {{ network: string | undefined, walletPort: number }} options - no network for the embedded chain
 * @returns {Promise<Chain>}
 */
export async function startChain({ network, walletPort }) {
  if (network === undefined) {
    const { rpcUrl, walletUrl, accountIds, stop } = await startEmbeddedChain({ port: walletPort })
    return { network: 'testnet', rpc: rpcUrl, walletUrl, accountIds, isEmbedded: true, stop }
  }
  if (network !== 'mainnet' && network !== 'testnet') {
    const explanation = `NEAR_NETWORK must be mainnet or testnet, got "${network}". Leave it out for the embedded chain.`
    throw Object.assign(new Error('Unknown network'), { explanation })
  }
  return { network, walletUrl: WEB_WALLETS[network], accountIds: [], isEmbedded: false, async stop() {} }
}
