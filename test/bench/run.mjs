// Measures the local part of a login side by side: from what a browser sends to an accepted signature, no network.
import { createPublicKey, verify } from 'node:crypto'
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
const strategy = new NearStrategy(
  {
    recipient: payload.recipient,
    store: { issue: async () => {}, consume: async () => stored },
    accessKeys: { permission: async () => permission },
  },
  (profile, done) => done(null, profile),
)

function login(body) {
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
  .add('passport-near, the whole login', () => login(signed))
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
const [bare] = bench.tasks
console.table(
  bench.tasks.map(({ name, result }) => {
    if (result.error) throw result.error
    const { p50, p75 } = result.latency
    return {
      what: name,
      'median (µs)': Math.round(p50 * 1000),
      '75 % below (µs)': Math.round(p75 * 1000),
      'of the bare verification': (p50 / bare.result.latency.p50).toFixed(2),
    }
  }),
)
