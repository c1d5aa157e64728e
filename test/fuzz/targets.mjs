// The fuzz targets. Each target gets an input from its arbitrary and returns the class of the outcome, or
// throws a Violation.
import { once } from 'node:events'
import { createServer } from 'node:http'
import bs58 from 'bs58'
import fc from 'fast-check'
import { KeyPair } from 'near-api-js'
import { hashPayload, NearStrategy, verifySignature } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import * as arbitraries from './arbitraries.mjs'
import { startApp } from './app.mjs'
import * as contracts from './contracts.mjs'
import { expectOneOf, outcomeOf, Violation } from './outcomes.mjs'

const { applyChange, isChange } = arbitraries

const REJECTED_BODY = [
  '400 ERR_NEAR_CREDENTIALS_MISSING',
  '400 ERR_NEAR_CREDENTIALS_INVALID',
  '401 ERR_NEAR_WALLET_REFUSED',
]
const CONSUMED = '401 ERR_NEAR_CHALLENGE_MISSING'
const EXPIRED = '401 ERR_NEAR_CHALLENGE_EXPIRED'
const BAD_SIGNATURE = '401 ERR_NEAR_SIGNATURE_INVALID'
const NO_KEY = '401 ERR_NEAR_ACCESS_KEY_NOT_FOUND'
const LIMITED = '401 ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS'
const NO_SESSION = '500 ERR_NEAR_SESSION_UNAVAILABLE'
const STORE_FAILED = '503 ERR_NEAR_STORE_FAILED'
const CANNOT_TELL = '503 ERR_NEAR_RPC_UNAVAILABLE'

/** The replay cache forgets consumed challenges after that time. */
const MINUTE = 60_000

const recipient = 'app.example.com'
const nonce = Buffer.alloc(32, 5)
const challenge = {
  state: 'A'.repeat(22),
  nonce: nonce.toString('base64'),
  message: `Sign in to ${recipient}`,
  issuedAt: Date.now(),
}

const strategyWith = (options) =>
  new NearStrategy(
    {
      recipient,
      challengeMaxAge: 2 ** 31 - 1,
      ...(options.rpc === undefined && { accessKeys: { permission: async () => 'FullAccess' } }),
      ...options,
    },
    (profile, done) => done(null, { id: profile.accountId }),
  )

const storeOf = (consume) => ({ issue: async () => undefined, consume })

/**
 * A chain on which every key is Alice's and no other account has a key: the account is not part of the
 * signed payload.
 */
const onlyAlice = {
  permission: async (accountId) => (accountId === 'alice.test' ? 'FullAccess' : undefined),
}

/** Good logins for the one challenge, with a key of each type. */
function goodLogins() {
  const hash = hashPayload({ message: challenge.message, nonce, recipient })
  return Object.fromEntries(
    ['ED25519', 'SECP256K1', 'ml-dsa-65'].map((type) => {
      const pair = KeyPair.fromRandom(type)
      const signature = Buffer.from(pair.sign(hash).signature).toString('base64')
      return [
        type,
        {
          accountId: 'alice.test',
          publicKey: pair.getPublicKey().toString(),
          signature,
          state: challenge.state,
        },
      ]
    }),
  )
}

/** Any request body, as a value. */
async function bodies() {
  const { ED25519: good } = goodLogins()
  let keyChecks = 0
  const strategy = strategyWith({
    store: storeOf(async (_req, state) => (state === challenge.state ? challenge : undefined)),
    accessKeys: { permission: async () => (keyChecks++, 'FullAccess') },
  })
  return {
    arbitrary: arbitraries.body.map((body) => ({ body })),
    async run({ body }) {
      const before = keyChecks
      const outcome = expectOneOf(await outcomeOf(strategy, { body }), [
        ...REJECTED_BODY,
        CONSUMED,
        BAD_SIGNATURE,
      ])
      if (keyChecks !== before) throw new Violation('a key was looked up for an unsigned body')
      return outcome
    },
    again: () => outcomeOf(strategy, { body: good }),
  }
}

const part = fc.oneof(
  { weight: 5, arbitrary: arbitraries.change },
  { weight: 1, arbitrary: arbitraries.value },
)
const FIELDS = ['accountId', 'publicKey', 'signature', 'state']

/** Whether two texts can mean the same bytes in any encoding that a wallet may use. Has its own decoders. */
function sameSignature(sent, good) {
  const bytes = Buffer.from(good, 'base64')
  const decodings = [
    () => Buffer.from(sent.replace(/ /g, '+'), 'base64'),
    () => Buffer.from(sent.replace(/^0x/i, ''), 'hex'),
    () => Buffer.from(bs58.decode(sent.slice(sent.indexOf(':') + 1))),
  ]
  return decodings.some((decode) => {
    try {
      return decode().equals(bytes)
    } catch {
      return false
    }
  })
}

function sameKey(sent, good) {
  const [type, encoded] = good.split(':')
  return (
    sent.slice(sent.indexOf(':') + 1) === encoded &&
    [type, ''].includes(sent.slice(0, Math.max(0, sent.indexOf(':'))).toLowerCase())
  )
}

/** A good login with one change at any position. It may succeed only if its meaning is unchanged. */
async function mutatedLogins() {
  const logins = goodLogins()
  const strategy = strategyWith({
    store: storeOf(async (_req, state) =>
      state === undefined || state === challenge.state ? challenge : undefined,
    ),
    accessKeys: onlyAlice,
  })
  return {
    arbitrary: fc.record({
      type: fc.oneof(
        { weight: 40, arbitrary: fc.constant('ED25519') },
        { weight: 4, arbitrary: fc.constant('SECP256K1') },
        { weight: 1, arbitrary: fc.constant('ml-dsa-65') },
      ),
      changes: fc.array(fc.record({ field: fc.constantFrom(...FIELDS), to: part }), {
        minLength: 1,
        maxLength: 2,
      }),
      around: fc.oneof(
        { weight: 12, arbitrary: fc.constant('itself') },
        fc.constantFrom('list', 'prototype', 'text', 'nested', 'extra'),
      ),
    }),
    async run({ type, changes, around }) {
      const good = logins[type]
      const login = { ...good }
      for (const { field, to } of changes) {
        const now = login[field]
        login[field] = !isChange(to) ? to : typeof now === 'string' ? applyChange(now, to) : now
      }
      const body = {
        itself: login,
        list: [login],
        prototype: Object.create(login),
        text: JSON.stringify(login, (_, each) => (typeof each === 'bigint' ? 0 : each)),
        nested: { login },
        extra: { ...login, nonce: 'x', recipient: 'evil', message: [1] },
      }[around]
      const outcome = expectOneOf(await outcomeOf(strategy, { body }), [
        ...REJECTED_BODY,
        CONSUMED,
        BAD_SIGNATURE,
        NO_KEY,
        'success',
      ])
      const same =
        ['itself', 'extra'].includes(around) &&
        login.accountId === good.accountId &&
        typeof login.publicKey === 'string' &&
        sameKey(login.publicKey, good.publicKey) &&
        typeof login.signature === 'string' &&
        sameSignature(login.signature, good.signature) &&
        [good.state, '', undefined, null].includes(login.state)
      if (outcome === 'success' && !same) throw new Violation('a login with another meaning succeeded')
      return outcome === 'success' ? 'success with the same meaning' : outcome
    },
    again: () => outcomeOf(strategy, { body: logins.ED25519 }),
  }
}

let stateCount = 0

/** A good login, and a session with any content. */
async function sessions() {
  const { ED25519: good } = goodLogins()
  const strategy = strategyWith({ challengeMaxAge: MINUTE })
  const list = fc.oneof(
    { weight: 6, arbitrary: fc.array(arbitraries.stored(challenge), { maxLength: 10 }) },
    { weight: 2, arbitrary: arbitraries.value },
  )
  const session = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record(
        {
          'near:challenges': list,
          regenerate: arbitraries.value,
          passport: arbitraries.value,
          cookie: arbitraries.value,
        },
        { requiredKeys: [], noNullPrototype: false },
      ),
    },
    { weight: 1, arbitrary: arbitraries.value },
  )
  // Each run has its own state: within one process a consumed challenge stays consumed.
  const nextState = () => `s${++stateCount}`
  return {
    arbitrary: fc.record({
      session,
      withState: fc.boolean(),
      frozen: fc.integer({ min: 0, max: 30 }).map((each) => each === 0),
    }),
    async run({ session: held, withState, frozen }) {
      const state = nextState()
      const holds = held?.['near:challenges']
      const renamed = Array.isArray(holds) ? holds.map((each) => refresh(each, state)) : holds
      const session =
        typeof held === 'object' && held !== null && Array.isArray(holds)
          ? { ...held, 'near:challenges': renamed }
          : held
      const req = {
        session: frozen ? freeze(session) : session,
        body: { ...good, state: withState ? state : undefined },
      }
      const outcome = expectOneOf(await outcomeOf(strategy, req), [
        CONSUMED,
        EXPIRED,
        BAD_SIGNATURE,
        NO_SESSION,
        STORE_FAILED,
        'success',
      ])
      const usable =
        Array.isArray(renamed) && renamed.some((each) => saysTheSame(each, withState ? state : undefined))
      if (outcome === 'success' && !usable) throw new Violation('a login succeeded without its challenge')
      if (outcome === STORE_FAILED && !frozen) throw new Violation('a writable session caused a failure')
      return outcome
    },
    again: () =>
      outcomeOf(strategy, {
        session: { 'near:challenges': [refresh(challenge, nextState())] },
        body: { ...good, state: undefined },
      }),
  }
}

/** A challenge with the state and the time of this run, unless the change concerned these fields. */
function refresh(each, state) {
  if (typeof each !== 'object' || each === null) return each
  const now = each.issuedAt === challenge.issuedAt ? { issuedAt: Date.now() } : {}
  return each.state === challenge.state ? { ...each, state, ...now } : each
}

const freeze = (each) =>
  typeof each === 'object' && each !== null && !ArrayBuffer.isView(each) ? Object.freeze(each) : each

/** The nonce is its 32 bytes, whatever the spelling of its base64. */
const saysTheSame = (each, state) =>
  typeof each === 'object' &&
  each !== null &&
  (state === undefined || each.state === state) &&
  each.message === challenge.message &&
  typeof each.nonce === 'string' &&
  Buffer.from(each.nonce, 'base64').equals(nonce)

/**
 * Another challenge than the requested one, or one from the future: for the strategy there is no challenge.
 */
const isOther = (each) =>
  each.state !== challenge.state || each.issuedAt > Date.now() || typeof each.purpose === 'string'

/** A custom store that returns or throws any value. */
async function stores() {
  const { ED25519: good } = goodLogins()
  let give
  const strategy = strategyWith({ store: storeOf(async () => give()) })
  return {
    arbitrary: fc.record({
      gives: fc.oneof(arbitraries.stored(challenge), arbitraries.value),
      raises: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
    }),
    async run({ gives, raises }) {
      give = raises
        ? () => {
            throw gives
          }
        : () => gives
      const outcome = expectOneOf(await outcomeOf(strategy, { body: good }), [
        CONSUMED,
        EXPIRED,
        BAD_SIGNATURE,
        STORE_FAILED,
        'success',
      ])
      if (outcome === CONSUMED && (raises || !(gives === undefined || gives === null || isOther(gives))))
        throw new Violation('a failure was reported as a rejection')
      if (outcome === 'success' && (raises || !saysTheSame(gives, challenge.state)))
        throw new Violation('a login succeeded without its challenge')
      return outcome
    },
    again: () => ((give = () => challenge), outcomeOf(strategy, { body: good })),
  }
}

const isObject = (each) => typeof each === 'object' && each !== null && !Array.isArray(each)

/** As RPC.md defines it: only these two values are a yes. */
const isYes = (permission) =>
  permission === 'FullAccess' ||
  (isObject(permission) && Object.keys(permission).length === 1 && isObject(permission.GasKeyFullAccess))
const isLimited = (permission) =>
  isObject(permission) &&
  Object.keys(permission).length === 1 &&
  (isObject(permission.FunctionCall) || isObject(permission.GasKeyFunctionCall))

/** A custom key source that returns or throws any value. */
async function keySources() {
  const { ED25519: good } = goodLogins()
  let give
  const strategy = strategyWith({
    store: storeOf(async () => challenge),
    accessKeys: { permission: async () => give() },
  })
  return {
    arbitrary: fc.record({
      gives: arbitraries.permission,
      raises: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
    }),
    async run({ gives, raises }) {
      give = raises
        ? () => {
            throw gives
          }
        : () => gives
      const expected = raises
        ? CANNOT_TELL
        : gives === undefined
          ? NO_KEY
          : isYes(gives)
            ? 'success'
            : isLimited(gives)
              ? LIMITED
              : CANNOT_TELL
      return expectOneOf(await outcomeOf(strategy, { body: good }), [expected])
    },
    again: () => ((give = () => 'FullAccess'), outcomeOf(strategy, { body: good })),
  }
}

/** A node with any response, over HTTP. */
async function nodes() {
  const { ED25519: good } = goodLogins()
  let answer
  const node = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => respond(response, JSON.parse(Buffer.concat(chunks).toString()).id))
  }).listen(0, '127.0.0.1')
  await once(node, 'listening')
  node.keepAliveTimeout = 60_000

  let sent
  function respond(response, id) {
    const { status, headers, body, silence } = answer
    const text =
      isObject(body) && 'raw' in body
        ? body.raw
        : JSON.stringify(isObject(body) && body.id === arbitraries.ID ? { ...body, id } : body)
    sent = { text, id }
    if (silence === 'hang') return
    if (silence === 'reset') return response.socket.resetAndDestroy()
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
    if (silence === 'stall') response.write(text.slice(0, 1))
    else response.end(text)
  }

  const strategy = strategyWith({
    store: storeOf(async () => challenge),
    rpc: `http://127.0.0.1:${node.address().port}/?apiKey=secret`,
    rpcTimeout: 2000,
  })
  return {
    arbitrary: arbitraries.nodeAnswer,
    async run(input) {
      answer = input
      const outcome = expectOneOf(await outcomeOf(strategy, { body: good }), [
        'success',
        NO_KEY,
        LIMITED,
        CANNOT_TELL,
      ])
      const expected = input.silence ? undefined : whatItSays(input.status, sent)
      // A well-formed no from a node is valid. Only the form counts, and other tests list the forms one by
      // one.
      if ((expected ?? CANNOT_TELL) !== outcome && outcome !== NO_KEY)
        throw new Violation(`${outcome}, but the node said ${expected ?? 'nothing usable'}`)
      if (
        outcome === NO_KEY &&
        (expected !== undefined || input.silence || !/does not exist|UNKNOWN_ACC/.test(sent.text))
      )
        throw new Violation('a "not found" that the node did not send')
      return outcome
    },
    again: () => (
      (answer = {
        status: 200,
        headers: {},
        body: { id: arbitraries.ID, result: { permission: 'FullAccess' } },
      }),
      outcomeOf(strategy, { body: good })
    ),
    stop() {
      node.close()
      node.closeAllConnections()
    },
  }
}

/**
 * @returns the outcome for a response that says yes, or that the key is limited; undefined for all other
 * responses
 */
function whatItSays(status, { text, id }) {
  let answer
  try {
    answer = JSON.parse(text)
  } catch {
    return undefined
  }
  if (
    !isObject(answer) ||
    answer.id !== id ||
    status < 200 ||
    status > 299 ||
    !isObject(answer.result) ||
    answer.error !== undefined
  )
    return undefined
  const { permission, error } = answer.result
  if (error !== undefined) return undefined
  return isYes(permission) ? 'success' : isLimited(permission) ? LIMITED : undefined
}

/**
 * The outcome of a request without a good login: a rejection by the strategy, or a rejection by the parser
 * or by Node.js that the visitor gets.
 */
function expectRejection(status, { code = 'without a code' }) {
  if (!code.startsWith('ERR_NEAR_') && [400, 413, 415].includes(status)) return `${status} by the parser`
  return expectOneOf(`${status} ${code}`, [...REJECTED_BODY, CONSUMED, BAD_SIGNATURE, NO_KEY])
}

/**
 * Any body text, content type and headers, through Express's parsers. No request is signed, so no login may
 * succeed.
 */
async function requests() {
  let keyChecks = 0
  const app = await startApp(
    strategyWith({ accessKeys: { permission: async () => (keyChecks++, 'FullAccess') } }),
  )
  const network = await TestNetwork.start()
  await network.stop()
  const alice = await network.createAccount('alice.test')
  return {
    arbitrary: fc.record({
      json: arbitraries.jsonText,
      form: arbitraries.formText,
      type: arbitraries.contentType,
      headers: arbitraries.headers,
    }),
    async run({ json, form, type, headers }) {
      const contentType =
        { json: 'application/json', form: 'application/x-www-form-urlencoded' }[type] ?? type.type
      const text = type === 'form' ? form : json
      const { status, body } = await app.send(
        'POST',
        '/login',
        { ...headers, 'content-type': contentType },
        text,
      )
      if (keyChecks > 0) throw new Violation('a key was looked up for an unsigned body')
      return expectRejection(status, body)
    },
    async again() {
      const { cookie, body } = await app.send('GET', '/challenge', {}, '')
      const login = JSON.stringify(await alice.signMessage(body))
      const { status } = await app.send(
        'POST',
        '/login',
        { cookie, 'content-type': 'application/json' },
        login,
      )
      keyChecks = 0
      app.forget()
      return status === 200 ? 'success' : String(status)
    },
    stop: () => app.stop(),
  }
}

/**
 * A good login in JSON, with a change at any position of the text, through Express's parser and a real
 * session.
 */
async function mutatedRequests() {
  const app = await startApp(strategyWith({ challengeMaxAge: MINUTE, accessKeys: onlyAlice }))
  const network = await TestNetwork.start()
  await network.stop()
  const alice = await network.createAccount('alice.test')
  const begin = async () => {
    const { cookie, body } = await app.send('GET', '/challenge', {}, '')
    return { cookie, login: await alice.signMessage(body) }
  }
  let count = 0
  return {
    arbitrary: fc.record({
      changes: fc.array(arbitraries.change, { minLength: 1, maxLength: 3 }),
      field: fc.constantFrom(...FIELDS, 'the whole text'),
    }),
    async run({ changes, field }) {
      if (++count % 1000 === 0) app.forget()
      const { cookie, login } = await begin()
      const text = (
        field in login
          ? JSON.stringify({ ...login, [field]: changes.reduce(applyChange, login[field]) })
          : changes.reduce(applyChange, JSON.stringify(login))
      ).toWellFormed()
      const { status, body } = await app.send(
        'POST',
        '/login',
        { cookie, 'content-type': 'application/json' },
        text,
      )
      if (status !== 200) return expectRejection(status, body)
      const parsed = JSON.parse(text)
      const same =
        sameKey(parsed.publicKey, login.publicKey) &&
        sameSignature(parsed.signature, login.signature) &&
        [login.state, '', undefined, null].includes(parsed.state) &&
        parsed.accountId === login.accountId &&
        body.id === login.accountId
      if (!same) throw new Violation('a login with another meaning succeeded')
      return 'success with the same meaning'
    },
    async again() {
      app.forget()
      const { cookie, login } = await begin()
      const { status } = await app.send(
        'POST',
        '/login',
        { cookie, 'content-type': 'application/json' },
        JSON.stringify(login),
      )
      return status === 200 ? 'success' : String(status)
    },
    stop: () => app.stop(),
  }
}

const UNCHANGED = Symbol('unchanged')

/** Keys and signatures of any text, without a login around them. */
async function signatures() {
  const hash = hashPayload({ message: challenge.message, nonce, recipient })
  const logins = goodLogins()
  return {
    arbitrary: fc.record({
      key: fc.oneof(arbitraries.value, arbitraries.change, fc.constant(UNCHANGED)),
      signature: fc.oneof(arbitraries.value, arbitraries.change, fc.constant(UNCHANGED)),
      type: fc.oneof(
        { weight: 20, arbitrary: fc.constant('ED25519') },
        { weight: 1, arbitrary: fc.constant('SECP256K1') },
      ),
    }),
    async run({ key, signature, type }) {
      const good = logins[type]
      const apply = (text, input) =>
        input === UNCHANGED ? text : isChange(input) ? applyChange(text, input) : input
      const publicKey = apply(good.publicKey, key)
      const signed = apply(good.signature, signature)
      const verified = await verifySignature(hash, signed, publicKey)
      if (typeof verified !== 'boolean') throw new Violation('neither true nor false')
      if (verified && !(sameKey(publicKey, good.publicKey) && sameSignature(signed, good.signature)))
        throw new Violation('another signature verifies')
      return verified ? 'verified with the same meaning' : 'false'
    },
    again: async () =>
      (await verifySignature(hash, logins.ED25519.signature, logins.ED25519.publicKey)) ? 'success' : 'false',
  }
}

/** The fuzz targets by name, with each one's share of the runs. */
export const targets = {
  'any body': { prepare: bodies, share: 15 },
  'a good login, changed anywhere': { prepare: mutatedLogins, share: 15 },
  'any session': { prepare: sessions, share: 12 },
  'anything from a store': { prepare: stores, share: 10 },
  'anything from a key source': { prepare: keySources, share: 8 },
  'any response of a node, over HTTP': { prepare: nodes, share: 10 },
  'any body and headers, over HTTP': { prepare: requests, share: 5 },
  'a good login, changed anywhere, over HTTP': { prepare: mutatedRequests, share: 5 },
  'any key and signature': { prepare: signatures, share: 5 },
  'a good authorization, changed anywhere': { prepare: contracts.blobs, share: 5 },
  'any answer of a contract': { prepare: contracts.answers, share: 5 },
  'contracts that depend on each other in any way': { prepare: contracts.graphs, share: 5 },
}
