// The local part of a login, in this process: from the body to an accepted signature, and to the end of the
// login.
import { verify } from 'node:crypto'
import { verifyMessage } from 'near-api-js/nep413'
import { verifyNep413Signature } from 'near-kit'
import { NearStrategy, SessionChallengeStore, hashPayload } from 'passport-near'
import { Bench } from 'tinybench'
import { bundleInternals } from './internals.mjs'
import { createWallet, MESSAGE, RECIPIENT } from './login.mjs'

const { readCredentials, verifyWithKey } = await bundleInternals()
const wallet = createWallet()
const nonce = Buffer.alloc(32, 7)
const payload = { message: MESSAGE, recipient: RECIPIENT, nonce }
const body = {
  accountId: 'alice.test',
  publicKey: wallet.publicKey,
  signature: wallet.sign(nonce.toString('base64')),
}
const signature = Buffer.from(body.signature, 'base64')
const hash = hashPayload(payload)

/** Every contender gets the account's key at once, so that only its own work is measured. */
const permission = 'FullAccess'
const accessKeys = { permission: async () => permission }
const stored = { state: 's', nonce: nonce.toString('base64'), message: MESSAGE, issuedAt: Date.now() }
const verifyUser = (profile, done) => done(null, profile)
const strategyWith = (options) =>
  new NearStrategy({ recipient: RECIPIENT, accessKeys, ...options }, verifyUser)
const sameChallenge = strategyWith({ store: { issue: async () => {}, consume: async () => stored } })

/** A login as Passport runs it. */
export function login(strategy, req) {
  return new Promise((resolve, reject) => {
    const instance = Object.create(strategy)
    instance.success = resolve
    instance.fail = ({ code }) => reject(new Error(code))
    instance.error = reject
    instance.authenticate(req)
  })
}

/** The work of a login between its body and an accepted signature, in the functions that the login calls. */
function untilAccepted() {
  const credentials = readCredentials(body)
  const { message } = stored
  const rebuilt = { message, recipient: RECIPIENT, nonce: Buffer.from(stored.nonce, 'base64') }
  if (!verifyWithKey(hashPayload(rebuilt), credentials.signature, credentials.publicKey))
    throw new Error('refused')
}

const contenders = {
  'node:crypto verify, key ready'() {
    if (!verify(null, hash, wallet.keyObject, signature)) throw new Error('refused')
  },
  'passport-near, body to accepted signature': untilAccepted,
  'passport-near, whole login': () => login(sameChallenge, { body }),
  'near-api-js verifyMessage': () =>
    verifyMessage({
      signerAccountId: body.accountId,
      signerPublicKey: body.publicKey,
      payload,
      signature,
      provider: { viewAccessKey: async () => ({ permission }) },
    }),
  async 'near-kit verifyNep413Signature'() {
    const near = { getAccessKey: async () => ({ permission }) }
    if (!(await verifyNep413Signature(body, payload, { near, nonceValidation: 'none' })))
      throw new Error('refused')
  },
}

/** @returns median microseconds of each contender, one after the other */
export async function measureVerification(milliseconds) {
  const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 4 })
  for (const [name, contender] of Object.entries(contenders)) bench.add(name, contender)
  await bench.run()
  return Object.fromEntries(
    bench.tasks.map(({ name, result }) => {
      if (result.error) throw result.error
      return [name, result.latency.p50 * 1000]
    }),
  )
}

/** A response to one of several challenges in a session: measures the cost of the session store. */
async function sessionLogin(strategy, open) {
  const req = { session: {} }
  let challenge
  for (let count = 0; count < open; count++) challenge = await strategy.challenge(req)
  req.body = { ...body, signature: wallet.sign(challenge.nonce), state: challenge.state }
  const began = performance.now()
  await login(strategy, req)
  return (performance.now() - began) * 1000
}

/** @returns median microseconds of a login with one and with eight pending challenges in the session */
export async function measureOpenChallenges(count) {
  const strategy = strategyWith({ store: new SessionChallengeStore() })
  const times = { 1: [], 8: [] }
  for (let number = 0; number < count; number++) {
    for (const open of [1, 8]) times[open].push(await sessionLogin(strategy, open))
  }
  return { 'open challenges: 1': median(times[1]), 'open challenges: 8': median(times[8]) }
}

/**
 * Many logins one after the other in one process.
 * @returns the change from the first thousands to the last
 */
export async function measureMany(count, collect) {
  const strategy = strategyWith({ store: new SessionChallengeStore() })
  const times = { first: [], last: [] }
  let heapAtStart
  for (let number = 1; number <= count; number++) {
    const time = await sessionLogin(strategy, 1)
    if (number > 2000 && number <= 12_000) times.first.push(time)
    if (number > count - 10_000) times.last.push(time)
    if (number === 10) heapAtStart = collect()
  }
  return {
    count,
    firstMicroseconds: median(times.first),
    lastMicroseconds: median(times.last),
    heapGrowthBytes: collect() - heapAtStart,
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
