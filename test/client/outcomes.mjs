/*
 * Every way in which a sign-in without cookies ends, as one client sees it. Browsers, Node, Bun and Deno run the same function. By hand:
 * `<runtime> test/client/outcomes.mjs <client module> <site>`; test/client/runtimes.test.ts starts the site.
 */

/** What each of them must see. */
export const EXPECTED = {
  'sign in': 'signed-in',
  declined: 'refused',
  expired: 'failed 401 ERR_NEAR_CHALLENGE_EXPIRED',
  replay: 'failed 401 ERR_NEAR_CHALLENGE_MISSING',
  'stolen answer without verifier': 'failed 401 ERR_NEAR_CHALLENGE_MISSING',
  'the same answer with its verifier': 'signed-in',
  outage: 'failed 503 ERR_NEAR_RPC_UNAVAILABLE',
}

/**
 * @param {typeof import('passport-near/client').signIn} signIn
 * @param {string} site - the site's URL; empty for the page's own origin
 * @param {'function' | 'redirect'} wallet - how the wallet's answer comes back
 */
export async function outcomes(signIn, site, wallet = 'function') {
  const ask = async (path, body) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(site + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.json()
  }
  const signers = {
    function: ({ message, recipient, nonce, callbackUrl }) =>
      ask('/control/sign', { message, recipient, nonce: [...nonce], callbackUrl }),
    // As an app on a phone: the wallet opens a URL of the app's own scheme, with the answer in its fragment.
    async redirect({ message, recipient, nonce, callbackUrl, state }) {
      const { url } = await ask('/control/redirect', {
        message,
        recipient,
        nonce: [...nonce],
        callbackUrl,
        state,
      })
      if (!url.startsWith('com.example.app://signed-in#')) throw new Error(`The wallet opened ${url}`)
      return Object.fromEntries(new URLSearchParams(url.split('#')[1]))
    },
  }
  const sign = signers[wallet]
  const urls = (name = wallet === 'redirect' ? 'phone' : 'near') => ({
    challengeUrl: `${site}/auth/${name}/challenge`,
    loginUrl: `${site}/auth/${name}`,
    pkce: true,
  })
  const end = ({ outcome, status, code }) => [outcome, status, code].filter(Boolean).join(' ')

  /** The last login that the client posted. */
  let login
  const recording = (url, init) => {
    login = init.body ? { url, init } : undefined
    return fetch(url, init)
  }
  const send = async ({ url, init }, change = (body) => body) => {
    const response = await fetch(url, { ...init, body: JSON.stringify(change(JSON.parse(init.body))) })
    const reply = await response.json()
    return response.ok ? 'signed-in' : `failed ${response.status} ${reply.code}`
  }
  /** A client whose login is lost on its way. */
  const losing = (url, init) => {
    if (!init.body) return fetch(url, init)
    login = { url, init }
    throw new TypeError('lost')
  }

  const seen = {}
  seen['sign in'] = end(await signIn(sign, { ...urls(), fetch: recording }))
  seen.replay = await send(login)
  seen.declined = end(await signIn(() => null, urls()))
  const late = async (message) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return sign(message)
  }
  seen.expired = end(await signIn(late, urls(wallet === 'redirect' ? 'short-phone' : 'short')))
  await signIn(sign, { ...urls(), fetch: losing })
  seen['stolen answer without verifier'] = await send(login, (body) => ({ ...body, codeVerifier: undefined }))
  seen['the same answer with its verifier'] = await send(login)
  await ask('/control/fail', { how: 'http-500' })
  seen.outage = end(await signIn(sign, urls()))
  await ask('/control/fail', {})
  return seen
}

const runtime = globalThis.Deno?.args ?? globalThis.process?.argv.slice(2)
if (runtime?.length === 3) {
  const [client, site, wallet] = runtime
  const { signIn } = await import(client)
  console.log(JSON.stringify(await outcomes(signIn, site, wallet)))
}
