import { developmentWallet, TestNetwork } from 'passport-near/testing'
import { listen } from './listen.mjs'

const ACCOUNT_IDS = ['alice.test', 'bob.test', 'carol.test', 'dave.test', 'erin.test']

/** Starts a test network with a few accounts in this process, and on its own origin the wallet that holds their keys. */
export async function startTestNetwork({ port }) {
  const network = await TestNetwork.start({ chainId: 'testnet' })
  for (const accountId of ACCOUNT_IDS) await network.createAccount(accountId)
  const wallet = await listen(port, 'WALLET_PORT', () => developmentWallet(network)).catch(async (error) => {
    await network.stop()
    throw error
  })
  return {
    rpc: network.rpcUrl,
    walletUrl: wallet.url,
    accountIds: ACCOUNT_IDS,
    async stop() {
      await wallet.stop()
      await network.stop()
    },
  }
}
