// Starts the server with a test network and a development wallet: development needs no NEAR account.
import { createServer } from 'node:http'
import { developmentWallet, TestNetwork } from 'passport-near/testing'

const network = await TestNetwork.start()
await network.createAccount('alice.test')
await network.createAccount('bob.test')
const wallet = developmentWallet(network)
createServer((req, res) => wallet(req, res, () => res.writeHead(404).end())).listen(3001, 'localhost')

process.env.NEAR_RPC_URL = network.rpcUrl
process.env.WALLET_URL = 'http://localhost:3001'
await import('./server.js')
