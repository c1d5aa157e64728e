// Loaded before a program of a page. The program names port 3000 and public NEAR endpoints. This file gives
// it a free port of 127.0.0.1, reports that port to the parent process, and redirects the endpoints to the
// test network.
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')

const PUBLIC_ENDPOINTS = [
  'rpc.mainnet.fastnear.com',
  'near.drpc.org',
  'rpc.testnet.fastnear.com',
  'rpc.testnet.near.org',
]
const { NEAR_TEST_RPC } = process.env

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const [first, ...rest] = args
  const port = typeof first === 'object' && first !== null && !Array.isArray(first) ? first.port : first
  if (port !== 3000) return listen.apply(this, args)
  this.once('listening', () => process.send({ port: this.address().port }))
  const callbacks = rest.filter((value) => typeof value === 'function')
  return listen.call(this, { port: 0, host: '127.0.0.1' }, ...callbacks)
}

https.request = function (options, ...rest) {
  if (!PUBLIC_ENDPOINTS.includes(options.hostname)) throw new Error('The program asks another host')
  const { protocol, hostname, port, pathname: path } = new URL(NEAR_TEST_RPC)
  return http.request({ ...options, protocol, hostname, port, path, agent: undefined }, ...rest)
}
