// What wallets may send for an account without keys, what contracts may answer, and what they may depend on (NEP-641).
import { isUtf8 } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { NearStrategy } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import * as arbitraries from './arbitraries.mjs'
import { expectOneOf, outcomeOf, Violation } from './outcomes.mjs'

const REFUSED_BODY = [
  '400 ERR_NEAR_CREDENTIALS_MISSING',
  '400 ERR_NEAR_CREDENTIALS_INVALID',
  '401 ERR_NEAR_WALLET_REFUSED',
]
const INVALID = '401 ERR_NEAR_AUTHORIZATION_INVALID'
const LIMIT = '401 ERR_NEAR_AUTHORIZATION_LIMIT'

/** With 8 authorizations: a block, and at most three requests for each of nine accounts. */
const MAX_REQUESTS = 1 + 3 * 9

const recipient = 'app.example.com'
const challenge = {
  state: 'A'.repeat(22),
  nonce: Buffer.alloc(32, 5).toString('base64'),
  message: `Sign in to ${recipient}`,
  issuedAt: Date.now(),
}
const msg = `${challenge.message}\n\nNonce: ${challenge.nonce}`
const payload = JSON.stringify({ domain: recipient, action: 'Login', msg }, null, 2)
const toAuthorize = { payload, chainId: 'mainnet', state: challenge.state }

async function start() {
  const network = await TestNetwork.start()
  const strategy = new NearStrategy(
    {
      recipient,
      rpc: network.rpcUrl,
      walletContracts: true,
      challengeMaxAge: 2 ** 31 - 1,
      store: { issue: async () => undefined, consume: async () => challenge },
    },
    (profile, done) => done(null, { id: profile.accountId }),
  )
  /** One login, which costs no more requests than the caps allow. */
  const login = async (body) => {
    const before = network.requestCount
    const outcome = await outcomeOf(strategy, { body: { state: challenge.state, ...body } })
    const requests = network.requestCount - before
    if (requests > MAX_REQUESTS) throw new Violation(`${requests} requests for one login`)
    return outcome
  }
  return { network, login }
}

/** A good authorization with something changed, by a key, a passkey or an extension. */
export async function blobs() {
  const { network, login } = await start()
  const alice = await network.createAccount('alice.test')
  const carol = await network.createWalletContract('carol.test', { schema: 'webauthn-p256' })
  const vault = await network.createWalletContract('vault.test', { extensions: ['alice.test'] })
  const good = {
    alice: await alice.resolveAuth(toAuthorize),
    carol: await carol.resolveAuth(toAuthorize),
    vault: await vault.resolveAuth(toAuthorize, { through: alice }),
  }
  /** What is signed, in each of the three forms. */
  const signed = {
    alice: (blob) => blob,
    carol: ({ signature }) => signature,
    vault: ({ extension }) => JSON.parse(extension.authorization),
  }
  const known = ({ msg: { chain_id, signer_id, path, timestamp, payload: text } }) => ({
    chain_id,
    signer_id,
    path,
    // An instant may be spelled in several ways.
    time: Date.parse(timestamp),
    text,
  })
  return {
    arbitrary: fc.record({
      who: fc.constantFrom('alice', 'carol', 'vault'),
      as: fc.option(fc.constantFrom('alice.test', 'carol.test', 'vault.test', 'nobody.test'), { freq: 4 }),
      blob: fc.oneof(
        { weight: 6, arbitrary: fc.array(arbitraries.change, { minLength: 1, maxLength: 2 }) },
        { weight: 1, arbitrary: arbitraries.value.map((value) => ({ value })) },
      ),
    }),
    async run({ who, as, blob }) {
      const { accountId, authorization } = good[who]
      const sent = Array.isArray(blob) ? blob.reduce(arbitraries.applyChange, authorization) : blob.value
      const body = { accountId: as ?? accountId, authorization: sent }
      const outcome = expectOneOf(await login(body), [...REFUSED_BODY, INVALID, LIMIT, 'success'])
      if (outcome !== 'success') return outcome
      const says = (text) => known(signed[who](JSON.parse(text)))
      if (body.accountId !== accountId || !isDeepStrictEqual(says(sent), says(authorization)))
        throw new Violation('a login was let in that says something else')
      return 'success, for it says the same'
    },
    again: () => login(good.carol),
    stop: () => network.stop(),
  }
}

/** A contract that returns anything. */
export async function answers() {
  const { network, login } = await start()
  let give
  network.deployContract('any.test', () => give)
  const child = fc.record(
    {
      account_id: fc.oneof(fc.constant('any.test'), arbitraries.value),
      authorization: fc.oneof(fc.constant('x'), arbitraries.value),
      expect: fc.oneof(fc.constant(payload), arbitraries.value),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  const record = fc.record(
    {
      payload: fc.oneof({ weight: 4, arbitrary: fc.constant(payload) }, arbitraries.value),
      pending: fc.oneof(fc.constant([]), fc.array(child, { maxLength: 2 }), arbitraries.value),
      status: arbitraries.value,
      more: arbitraries.value,
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  return {
    arbitrary: fc.oneof(
      { weight: 8, arbitrary: record },
      { weight: 2, arbitrary: fc.record({ payload: fc.constant(payload), more: arbitraries.value }) },
      {
        weight: 2,
        arbitrary: arbitraries.change.map((change) =>
          Buffer.from(arbitraries.applyChange(JSON.stringify({ payload }), change)),
        ),
      },
      arbitraries.value,
      fc.uint8Array({ maxLength: 200 }),
    ),
    async run(value) {
      give = value
      const outcome = expectOneOf(await login({ accountId: 'any.test', authorization: 'x' }), [
        INVALID,
        LIMIT,
        'success',
      ])
      if ((outcome === 'success') !== isYes(value)) throw new Violation(`${outcome} for that answer`)
      return outcome
    },
    again: () => ((give = { payload }), login({ accountId: 'any.test', authorization: 'x' })),
    stop: () => network.stop(),
  }
}

/** By the letter of the standard. A contract that depends on itself never comes to an end. */
function isYes(value) {
  let answer
  try {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
    if (!isUtf8(bytes)) return false
    answer = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return false
  }
  if (typeof answer !== 'object' || answer === null || 'status' in answer) return false
  const { pending = [] } = answer
  return answer.payload === payload && Array.isArray(pending) && pending.length === 0
}

const IDS = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test']

/** Contracts that depend on each other in any way. */
export async function graphs() {
  const { network, login } = await start()
  let graph = {}
  for (const id of IDS) {
    network.deployContract(id, () => {
      const { says, children } = graph[id]
      if (says === 'panic') throw new Error('no')
      const pending = children.map((account_id) => ({ account_id, authorization: 'x', expect: payload }))
      return { payload: says === 'other' ? 'other' : payload, pending }
    })
  }
  const node = fc.record({
    says: fc.oneof({ weight: 12, arbitrary: fc.constant('yes') }, fc.constantFrom('panic', 'other')),
    children: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 4, arbitrary: fc.array(fc.constantFrom(...IDS, 'nobody.test'), { maxLength: 2 }) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...IDS), { maxLength: 12 }) },
    ),
  })
  return {
    arbitrary: fc.record(Object.fromEntries(IDS.map((id) => [id, node]))),
    async run(input) {
      graph = input
      const expected = whatItComesTo(graph)
      return expectOneOf(await login({ accountId: 'a.test', authorization: 'x' }), expected)
    },
    again: () => (
      (graph = { 'a.test': { says: 'yes', children: ['b.test'] }, 'b.test': { says: 'yes', children: [] } }),
      login({ accountId: 'a.test', authorization: 'x' })
    ),
    stop: () => network.stop(),
  }
}

/** Where something says no and something is too much, either may be met first. */
function whatItComesTo(graph) {
  const found = new Set()
  let authorizations = 0
  const queue = [{ id: 'a.test', depth: 0 }]
  for (const { id, depth } of queue) {
    const { says, children } = graph[id] ?? { says: 'panic', children: [] }
    if (says !== 'yes') found.add(INVALID)
    else if (children.length > 0) {
      authorizations += children.length
      if (depth >= 4 || authorizations > 8) found.add(LIMIT)
      else queue.push(...children.map((child) => ({ id: child, depth: depth + 1 })))
    }
  }
  if (found.has(LIMIT)) return [LIMIT, INVALID]
  return found.size > 0 ? [...found] : ['success']
}
