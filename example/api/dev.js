// Starts the API and its page with a test network and a development wallet: development needs no NEAR account.
import { createServer } from 'node:http'
import { developmentWallet, TestNetwork } from 'passport-near/testing'

const { PORT = '3000', WALLET_PORT = '3001', PAGE_PORT = '3002' } = process.env
const network = await TestNetwork.start()
await network.createAccount('alice.test')
await network.createAccount('bob.test')
createServer(developmentWallet(network)).listen(Number(WALLET_PORT), 'localhost')

process.env.NEAR_RPC_URL = network.rpcUrl
process.env.WALLET_URL = `http://localhost:${WALLET_PORT}`
process.env.API_URL = `http://localhost:${PORT}`
process.env.PAGE_ORIGIN = `http://localhost:${PAGE_PORT}`
await import('./server.js')
await import('./page.js')
