// Measures, side by side in one run: the local part of a login, from what a browser sends to an accepted signature; and the
// key check over the network, for an account with a single key and for one with 10,000.
import { fork } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import bs58 from 'bs58'
import { verifyMessage } from 'near-api-js/nep413'
import { verifyNep413Signature } from 'near-kit'
import { NearStrategy, hashPayload } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { Bench } from 'tinybench'

const nonce = Buffer.alloc(32, 7)
const payload = { message: 'Sign in to app.example.com', recipient: 'app.example.com', nonce }

const network = await TestNetwork.start()
const alice = await network.createAccount('alice.test')
const signed = await alice.signMessage(payload)
await network.stop()

const signature = Buffer.from(signed.signature, 'base64')
const hash = hashPayload(payload)
const key = createPublicKey({
  key: Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    bs58.decode(signed.publicKey.slice('ed25519:'.length)),
  ]),
  format: 'der',
  type: 'spki',
})

/** Every contender finds the key on the account at once: what is left is what it computes. */
const permission = 'FullAccess'
const stored = { state: 's', nonce: nonce.toString('base64'), message: payload.message, issuedAt: Date.now() }
const store = { issue: async () => {}, consume: async () => stored }
const strategyWith = (keys) =>
  new NearStrategy({ recipient: payload.recipient, store, ...keys }, (profile, done) => done(null, profile))
const local = strategyWith({ accessKeys: { permission: async () => permission } })

function login(strategy, body) {
  return new Promise((resolve, reject) => {
    const instance = Object.create(strategy)
    instance.success = resolve
    instance.fail = ({ code }) => reject(new Error(code))
    instance.error = reject
    instance.authenticate({ body })
  })
}

const bench = new Bench({ time: 2000, warmupTime: 500 })
bench
  .add('node:crypto verify, key ready', () => {
    if (!verify(null, hash, key, signature)) throw new Error('refused')
  })
  .add('passport-near, the whole login', () => login(local, signed))
  .add('near-api-js verifyMessage', () =>
    verifyMessage({
      signerAccountId: signed.accountId,
      signerPublicKey: signed.publicKey,
      payload,
      signature,
      provider: { viewAccessKey: async () => ({ permission }) },
    }),
  )
  .add('near-kit verifyNep413Signature', async () => {
    const near = { getAccessKey: async () => ({ permission }) }
    if (!(await verifyNep413Signature(signed, payload, { near, nonceValidation: 'none' })))
      throw new Error('refused')
  })

await bench.run()
print(bench, 'of the bare verification')

const node = fork(new URL('./node.mjs', import.meta.url))
node.send({ publicKey: signed.publicKey })
const [{ rpcUrl }] = await once(node, 'message')
const remote = strategyWith({ rpc: rpcUrl })
const keyChecks = new Bench({ time: 3000, warmupTime: 500 })
keyChecks
  .add('1 key on the account', () => login(remote, { ...signed, accountId: 'one.test' }))
  .add('10,000 keys on the account', () => login(remote, { ...signed, accountId: 'many.test' }))
await keyChecks.run()
print(keyChecks, 'of one key')
console.log('Bytes of the answer:')
console.table({
  'view_access_key, as a login asks': {
    '1 key': await size('one.test', true),
    '10,000 keys': await size('many.test', true),
  },
  'view_access_key_list, for comparison': {
    '1 key': await size('one.test'),
    '10,000 keys': await size('many.test'),
  },
})
node.kill()

async function size(account_id, single) {
  const params = single
    ? { request_type: 'view_access_key', finality: 'final', account_id, public_key: signed.publicKey }
    : { request_type: 'view_access_key_list', finality: 'final', account_id }
  const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'query', params })
  const response = await fetch(rpcUrl, { method: 'POST', body })
  return (await response.arrayBuffer()).byteLength
}

function print({ tasks }, ratio) {
  const [first] = tasks
  console.table(
    tasks.map(({ name, result }) => {
      if (result.error) throw result.error
      const { p50, p75 } = result.latency
      return {
        what: name,
        'median (µs)': Math.round(p50 * 1000),
        '75 % below (µs)': Math.round(p75 * 1000),
        [ratio]: (p50 / first.result.latency.p50).toFixed(2),
      }
    }),
  )
}
