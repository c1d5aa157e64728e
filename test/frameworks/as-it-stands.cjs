// Loaded before an application that runs unchanged from the README. It replaces two things: port 3000
// becomes a free port of 127.0.0.1, which is reported to the parent process, and the public NEAR endpoints
// become the test's network.
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')

const PUBLIC_ENDPOINTS = ['rpc.mainnet.fastnear.com', 'near.drpc.org']

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const [first, ...rest] = args
  const port = typeof first === 'object' && first !== null && !Array.isArray(first) ? first.port : first
  if (port !== 3000) return listen.apply(this, args)
  this.once('listening', () => process.send({ port: this.address().port }))
  return listen.call(
    this,
    { port: 0, host: '127.0.0.1' },
    ...rest.filter((value) => typeof value === 'function'),
  )
}

const { NEAR_TEST_RPC } = process.env
https.request = function (options, ...rest) {
  if (!PUBLIC_ENDPOINTS.includes(options.hostname)) {
    throw new Error('The application sends a request to a host other than a public NEAR endpoint')
  }
  const { protocol, hostname, port, pathname: path } = new URL(NEAR_TEST_RPC)
  return http.request({ ...options, protocol, hostname, port, path, agent: undefined }, ...rest)
}
