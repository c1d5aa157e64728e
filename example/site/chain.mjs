import { startTestNetwork } from './test-network.mjs'

/**
 * The NEAR network that the site uses, and its wallet.
 *
 * @typedef {object} Chain
 * @property {'mainnet' | 'testnet'} network
 * @property {string} [rpc] - undefined for the network's public endpoints
 * @property {string} walletUrl - a web wallet
 * @property {boolean} isEmbedded - whether it is a test network with the development wallet
 * @property {string[]} accountIds - accounts that the development wallet of this process signs for
 * @property {() => Promise<void>} stop
 */

const WEB_WALLETS = { mainnet: 'https://app.mynearwallet.com', testnet: 'https://testnet.mynearwallet.com' }

/**
 * @param {Pick<import('./environment.mjs').Settings, 'network' | 'rpcUrl' | 'walletUrl' | 'walletPort'>} settings
 * @returns {Promise<Chain>}
 */
export async function startChain({ network, rpcUrl, walletUrl, walletPort }) {
  const elsewhere = { rpc: rpcUrl, accountIds: [], async stop() {} }
  if (network) {
    return { ...elsewhere, network, walletUrl: walletUrl ?? WEB_WALLETS[network], isEmbedded: false }
  }
  if (walletUrl) return { ...elsewhere, network: 'testnet', walletUrl, isEmbedded: true }
  return { network: 'testnet', isEmbedded: true, ...(await startTestNetwork({ port: walletPort })) }
}
