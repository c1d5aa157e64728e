import { startTestNetwork } from './test-network.mjs'

/**
 * Where accounts and their keys are.
 *
 * @typedef {object} Chain
 * @property {'mainnet' | 'testnet'} network
 * @property {string} [rpc] - undefined for the network's public endpoints
 * @property {string} [walletUrl] - a web wallet
 * @property {boolean} isEmbedded
 * @property {string[]} accountIds - whom the development wallet signs for
 * @property {() => Promise<void>} stop
 */

const WEB_WALLETS = { mainnet: 'https://app.mynearwallet.com', testnet: 'https://testnet.mynearwallet.com' }

/**
 * @param {object} options
 * @param {string} [options.network] - none for the embedded chain
 * @param {string} [options.rpc] - the embedded chain of another process, or an endpoint of the network's
 * @param {string} [options.walletUrl] - that other process's wallet
 * @param {number} options.walletPort
 * @returns {Promise<Chain>}
 */
export async function startChain({ network, rpc, walletUrl, walletPort }) {
  if (network === undefined && rpc !== undefined) {
    if (!walletUrl) {
      const explanation = `NEAR_RPC_URL names another process's test network, so WALLET_URL must name its wallet: that process says both when it starts. For the real chain set NEAR_NETWORK.`
      throw Object.assign(new Error('No wallet'), { explanation })
    }
    return { network: 'testnet', rpc, walletUrl, accountIds: [], isEmbedded: true, async stop() {} }
  }
  if (network === undefined) {
    const { rpcUrl, walletUrl, accountIds, stop } = await startTestNetwork({ port: walletPort })
    return { network: 'testnet', rpc: rpcUrl, walletUrl, accountIds, isEmbedded: true, stop }
  }
  if (network !== 'mainnet' && network !== 'testnet') {
    const explanation = `NEAR_NETWORK must be mainnet or testnet, got "${network}". Leave it out for the embedded chain.`
    throw Object.assign(new Error('Unknown network'), { explanation })
  }
  return { network, rpc, walletUrl: WEB_WALLETS[network], accountIds: [], isEmbedded: false, async stop() {} }
}
