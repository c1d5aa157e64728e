// What an application does with the package: each operation in three steps, so that the wallet's work is not measured.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import bs58 from 'bs58'
import { NearStrategy, SealedChallengeStore, hashPayload } from 'passport-near'

const EVERY = 600_000

/** @param {string} rpcUrl - of the node of contracts.mjs, where each key has full access */
export function createOperations(rpcUrl) {
  const { privateKey, publicKey: key } = generateKeyPairSync('ed25519')
  const publicKey = `ed25519:${bs58.encode(key.export({ format: 'der', type: 'spki' }).subarray(-32))}`
  const signed = (challenge) => {
    const hash = hashPayload({ ...challenge, nonce: Buffer.from(challenge.nonce, 'base64') })
    const signature = sign(null, hash, privateKey).toString('base64')
    return { accountId: 'alice.test', publicKey, signature, state: challenge.state }
  }
  const authorized = ({ payload, state }) => {
    const msg = { chain_id: 'mainnet', signer_id: 'passkey.test', timestamp: '2026-11-28T12:00:00Z', payload }
    return {
      accountId: 'passkey.test',
      authorization: JSON.stringify({ signature: { msg, proof: 'x'.repeat(400) } }),
      state,
    }
  }
  const strategyWith = (options) =>
    new NearStrategy({ recipient: 'app.example.com', rpc: rpcUrl, ...options }, (profile, done) =>
      done(null, profile),
    )

  /** A login as Passport runs it. */
  const authenticate = (strategy, req) =>
    new Promise((resolve, reject) => {
      const instance = Object.create(strategy)
      instance.success = resolve
      instance.fail = ({ code }) => reject(new Error(code))
      instance.error = reject
      instance.authenticate(req)
    })
  const loginWith = (strategy, answer) => ({
    async draw() {
      const req = { session: {} }
      return { req, challenge: await strategy.challenge(req) }
    },
    answer({ req, challenge }) {
      req.body = answer(challenge)
      return req
    },
    finish: (req) => authenticate(strategy, req),
  })

  const near = strategyWith({})
  const contracts = strategyWith({ walletContracts: true })
  const sealed = strategyWith({ store: new SealedChallengeStore({ secret: randomBytes(32) }) })
  const transfer = near.confirmation({
    name: 'transfer',
    message: ({ body }) => `Send ${body.amount} NEAR to ${body.to}`,
    account: () => 'alice.test',
  })
  const codeChallenge = createHash('sha256').update(randomBytes(32)).digest('base64url')
  let sessions = 0

  return {
    'key login': loginWith(near, signed),
    'contract login': loginWith(contracts, authorized),
    revalidation: {
      // Each session has an account of its own: sessions of one account and key would share the question.
      draw: () => undefined,
      answer() {
        const at = Date.now() - EVERY
        const accountId = `u${sessions++}.near`
        const login = { accountId, publicKey, network: 'mainnet', loggedInAt: at, checkedAt: at, user: '1' }
        return { session: { passport: { user: 1 }, 'near:login': login } }
      },
      async finish(req) {
        const outcome = await near.checkSession(req, { every: EVERY })
        if (outcome !== 'valid') throw new Error(outcome)
      },
    },
    confirmation: {
      async draw() {
        const req = { session: { passport: { user: 1 } }, body: { amount: '10', to: 'bob.near' } }
        return { req, challenge: await transfer.challenge(req) }
      },
      answer({ req, challenge }) {
        req.body.confirmation = signed(challenge)
        return req
      },
      finish: (req) => transfer.check(req),
    },
    'sealed challenge': { draw: () => sealed.challenge({ query: { codeChallenge } }) },
  }
}
