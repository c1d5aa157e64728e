// Starts the server with a test network and a development wallet: development needs no NEAR account.
import { createServer } from 'node:http'
import { developmentWallet, TestNetwork } from 'passport-near/testing'

const { WALLET_PORT = '3001' } = process.env
const network = await TestNetwork.start()
await network.createAccount('alice.test')
await network.createAccount('bob.test')
createServer(developmentWallet(network)).listen(Number(WALLET_PORT), 'localhost')

process.env.NEAR_RPC_URL = network.rpcUrl
process.env.WALLET_URL = `http://localhost:${WALLET_PORT}`
await import(process.argv[2] ?? './server.js')
