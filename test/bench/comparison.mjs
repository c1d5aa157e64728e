/**
 * The table "Why not write it by hand?" of the README. Each row is measured for four logins, against a NEAR
 * network in this process.
 *
 *    npm run compare
 *
 * The hand-written login is the one in NEAR's documentation. The others call the library's own function,
 * with its defaults.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { pathToFileURL } from 'node:url'
import { serialize } from 'borsh'
import bs58 from 'bs58'
import express from 'express'
import session from 'express-session'
import { sha256 } from 'js-sha256'
import { JsonRpcProvider, PublicKey } from 'near-api-js'
import { verifyMessage } from 'near-api-js/nep413'
import { Near, generateNonce, verifyNep413Signature } from 'near-kit'
import { Passport } from 'passport'
import { NearStrategy, hashPayload } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'

/** Timeout of a login, in milliseconds. */
const LIMIT = 20_000

const RECIPIENT = 'app.example.com'
const MESSAGE = `Sign in to ${RECIPIENT}`
const CALLBACK_URL = `https://${RECIPIENT}/login/near/callback`

const SCHEMA = {
  struct: {
    tag: 'u32',
    message: 'string',
    nonce: { array: { type: 'u8', len: 32 } },
    recipient: 'string',
    callbackUrl: { option: 'string' },
  },
}

/**
 * The logins. Each gets the endpoint, and the callback URL of the site's payload, if there is one.
 * `challenge` returns the payload to sign, `login` the result: true, or a text that names the rejection or
 * the failure.
 */
const LOGINS = {
  'by hand'(rpcUrl, callbackUrl) {
    const payload = { message: MESSAGE, recipient: RECIPIENT, nonce: randomBytes(32), callbackUrl }
    const fetchAllKeys = async (accountId) => {
      const response = await fetch(rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"jsonrpc":"2.0","method":"query","params":["access_key/${accountId}",""],"id":1}`,
      })
      return response.json()
    }
    const isFullAccessKey = async ({ accountId, publicKey }) => {
      const { result } = await fetchAllKeys(accountId)
      if (!result?.keys) return false
      return result.keys.some(
        ({ public_key, access_key }) => public_key === publicKey && access_key.permission === 'FullAccess',
      )
    }
    const isSigned = ({ publicKey, signature }) => {
      const bytes = serialize(SCHEMA, { tag: 2147484061, ...payload, callbackUrl: callbackUrl ?? null })
      const hash = Uint8Array.from(sha256.array(bytes))
      return PublicKey.from(publicKey).verify(hash, Buffer.from(signature, 'base64'))
    }
    return {
      challenge: async () => payload,
      login: async (signed) => ((await isFullAccessKey(signed)) && isSigned(signed)) || '`false`',
    }
  },

  'near-api-js'(rpcUrl, callbackUrl) {
    const payload = { message: MESSAGE, recipient: RECIPIENT, nonce: randomBytes(32), callbackUrl }
    const provider = new JsonRpcProvider({ url: rpcUrl })
    return {
      challenge: async () => payload,
      async login({ accountId, publicKey, signature }) {
        await verifyMessage({
          signerAccountId: accountId,
          signerPublicKey: publicKey,
          signature: Buffer.from(signature, 'base64'),
          payload,
          provider,
        })
        return true
      },
    }
  },

  'near-kit'(rpcUrl, callbackUrl) {
    const payload = { message: MESSAGE, recipient: RECIPIENT, nonce: generateNonce(), callbackUrl }
    const near = new Near({ network: { rpcUrl, networkId: 'localnet' } })
    return {
      challenge: async () => payload,
      login: async (signed) => (await verifyNep413Signature(signed, payload, { near })) || '`false`',
    }
  },

  async 'passport-near'(rpcUrl, callbackUrl) {
    const passport = new Passport()
    const near = new NearStrategy({ recipient: RECIPIENT, rpc: rpcUrl, callbackUrl }, (profile, done) =>
      done(null, { id: profile.accountId }),
    )
    passport.serializeUser((user, done) => done(null, user.id))
    passport.deserializeUser((id, done) => done(null, { id }))
    const app = express()
    app.use(express.json())
    app.use(session({ secret: randomBytes(16).toString('hex'), resave: false, saveUninitialized: false }))
    app.use(passport.session())
    app.get('/challenge', near.challengeHandler())
    app.post('/login', near.loginHandler())
    app.use((error, req, res, next) => (error.status ? res.sendStatus(error.status) : next(error)))
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    const site = `http://127.0.0.1:${server.address().port}`
    let cookie
    return {
      async challenge() {
        const response = await fetch(`${site}/challenge`)
        cookie = response.headers.get('set-cookie').split(';')[0]
        const { nonce, ...challenge } = await response.json()
        return { ...challenge, nonce: Buffer.from(nonce, 'base64') }
      },
      async login(signed) {
        const headers = { cookie, 'content-type': 'application/json' }
        const response = await fetch(`${site}/login`, {
          method: 'POST',
          headers,
          body: JSON.stringify(signed),
        })
        return response.ok || String(response.status)
      },
    }
  },
}

/** A proxy that forwards requests to a network, and counts them and the bytes of the responses. */
async function startCountingEndpoint(rpcUrl) {
  const count = { requests: 0, bytes: 0 }
  const server = createServer((incoming, outgoing) => {
    count.requests++
    const { method, headers } = incoming
    const forwarded = request(rpcUrl, { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode, response.headers)
      response.on('data', (chunk) => (count.bytes += chunk.length))
      response.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return { url: `http://127.0.0.1:${server.address().port}`, count }
}

const createAccountId = () => `${randomBytes(8).toString('hex')}.test`

/** An account whose wallet can write its response in every form that wallets use. */
async function createWallet(network) {
  const accountId = createAccountId()
  // DER, because exporting a generated key as a JWK can deadlock Node 20.
  const pair = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  const key = createPrivateKey({ key: pair.privateKey, type: 'pkcs8', format: 'der' })
  const publicKey = `ed25519:${bs58.encode(pair.publicKey.subarray(-32))}`
  const account = await network.createAccount(accountId, { publicKey })
  return {
    account,
    sign({ state, ...payload }, { signsCallbackUrl = 'if given', encoding = 'base64' } = {}) {
      const signed = { never: undefined, 'if given': payload.callbackUrl, always: CALLBACK_URL }
      const callbackUrl = signed[signsCallbackUrl]
      const signature = sign(null, hashPayload({ ...payload, callbackUrl }), key)
      const text = encoding === 'base58' ? `ed25519:${bs58.encode(signature)}` : signature.toString('base64')
      return { accountId, publicKey, signature: text, state }
    },
  }
}

/**
 * Runs one login.
 * @returns true, or the rejection or failure, and the seconds until then
 */
async function attempt(site, signed) {
  const start = performance.now()
  let timer
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, LIMIT, `no result in ${LIMIT / 1000} s`)
  })
  const result = site.login(signed).catch(({ message }) => `throws "${message.replace(/ed25519:\S+/, '…')}"`)
  const ended = await Promise.race([result, limit])
  clearTimeout(timer)
  return { result: ended, seconds: Math.round((performance.now() - start) / 1000) }
}

const yesOrNo = ({ result }) => (result === true ? 'yes' : 'no')

/** The result of a login whose endpoint fails in one way. */
async function reportOf(startLogin, failure) {
  const network = await TestNetwork.start()
  const wallet = await createWallet(network)
  const site = await startLogin(network.rpcUrl)
  const signed = wallet.sign(await site.challenge())
  network.fail(failure)
  const { result, seconds } = await attempt(site, signed)
  void network.stop()
  if (result.startsWith?.('no result')) return result
  return `${result} ${seconds === 0 ? 'at once' : `after ${seconds} s`}`
}

/**
 * The response of each wallet whose response is known from the sources of wallets and connectors
 * (docs/wallets.md): when it signs the callback URL, and the signature's encoding where that is not base64.
 */
const WALLETS = {
  'MyNearWallet, pop-up': { signsCallbackUrl: 'never' },
  'MyNearWallet, redirect': { signsCallbackUrl: 'always' },
  Meteor: { signsCallbackUrl: 'never' },
  'HERE / HOT': { signsCallbackUrl: 'never' },
  'Near Snap': { signsCallbackUrl: 'never' },
  Nightly: { signsCallbackUrl: 'never' },
  WELLDONE: { signsCallbackUrl: 'if given' },
  NearMobileWallet: { signsCallbackUrl: 'if given' },
  'Intear, wallet-selector': { signsCallbackUrl: 'if given' },
  'Intear, older connectors': { signsCallbackUrl: 'if given', encoding: 'base58' },
  'Intear, near-connect': { signsCallbackUrl: 'never' },
  'Ledger, wallet-selector': { signsCallbackUrl: 'if given' },
  'Ledger, near-connect': { signsCallbackUrl: 'never' },
  Bitte: { signsCallbackUrl: 'always' },
  Coin98: { signsCallbackUrl: 'never' },
  'near-cli-rs': { signsCallbackUrl: 'never', encoding: 'base58' },
  'WebAuthn wallet': { signsCallbackUrl: 'never' },
}

/** The rows of the table. `isSlow`: the row waits for timeouts and retries. */
export const ROWS = [
  {
    title: 'The same login signs in a second time',
    async measure(startLogin, network) {
      const wallet = await createWallet(network)
      const site = await startLogin(network.rpcUrl)
      const signed = wallet.sign(await site.challenge())
      if ((await attempt(site, signed)).result !== true) throw new Error('The first login failed')
      return yesOrNo(await attempt(site, signed))
    },
  },
  {
    title: 'A signature made without a private key signs in (key of small order)',
    async measure(startLogin, network) {
      // The neutral element as the key and as the signature's point, and zero as the scalar: valid for every
      // message.
      const neutral = Buffer.alloc(32)
      neutral[0] = 1
      const publicKey = `ed25519:${bs58.encode(neutral)}`
      const { accountId } = await network.createAccount(createAccountId(), { publicKey })
      const site = await startLogin(network.rpcUrl)
      const { state } = await site.challenge()
      const signature = Buffer.concat([neutral, Buffer.alloc(32)]).toString('base64')
      return yesOrNo(await attempt(site, { accountId, publicKey, signature, state }))
    },
  },
  {
    title: `Wallets that can sign in, of ${Object.keys(WALLETS).length} whose answer is known`,
    async measure(startLogin, network) {
      const wallet = await createWallet(network)
      // A site may put a callback URL into the payload or not. The setting with which more wallets sign in
      // counts.
      const counts = await Promise.all(
        [undefined, CALLBACK_URL].map(async (callbackUrl) => {
          const site = await startLogin(network.rpcUrl, callbackUrl)
          let count = 0
          for (const form of Object.values(WALLETS)) {
            const signed = wallet.sign(await site.challenge(), form)
            if ((await attempt(site, signed)).result === true) count++
          }
          return count
        }),
      )
      return String(Math.max(...counts))
    },
  },
  {
    title: 'RPC requests for a wrong signature, and their size for an account with 1,000 keys',
    async measure(startLogin, network) {
      const wallet = await createWallet(network)
      for (let keys = 1; keys < 1000; keys++) wallet.account.addKey()
      const { url, count } = await startCountingEndpoint(network.rpcUrl)
      const site = await startLogin(url)
      const challenge = await site.challenge()
      const signed = wallet.sign({ ...challenge, message: 'another message' })
      if ((await attempt(site, signed)).result === true) throw new Error('A wrong signature signed in')
      const kilobytes = count.bytes / 1000
      return count.requests === 0
        ? 'none'
        : `${count.requests}, ${kilobytes.toFixed(kilobytes < 10 ? 1 : 0)} kB`
    },
  },
  {
    title: 'Result when the RPC endpoint responds with status 500',
    isSlow: true,
    measure: (startLogin) => reportOf(startLogin, 'http-500'),
  },
  {
    title: 'Result when the RPC endpoint never responds',
    isSlow: true,
    measure: (startLogin) => reportOf(startLogin, 'hang'),
  },
]

/** @returns the cells of one row: its title, and one cell for each login */
async function measureRow({ title, measure }, network) {
  return [title, ...(await Promise.all(Object.values(LOGINS).map((start) => measure(start, network))))]
}

/**
 * Measures rows. The quick rows come first, so that they do not delay the others.
 * @returns the lines of a Markdown table
 */
export async function measure(rows = ROWS) {
  const network = await TestNetwork.start()
  const cells = new Map()
  for (const isSlow of [false, true]) {
    const measured = rows.filter((row) => Boolean(row.isSlow) === isSlow)
    await Promise.all(measured.map(async (row) => cells.set(row, await measureRow(row, network))))
  }
  await network.stop()
  return rows.map((row) => `| ${cells.get(row).join(' | ')} |`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(
    '|  | by hand | `near-api-js` | `near-kit` | `passport-near` |\n| --- | --- | --- | --- | --- |',
  )
  console.log((await measure()).join('\n'))
  // Logins that still wait for their endpoint would keep the process alive.
  process.exit()
}
