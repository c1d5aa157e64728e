// A bot that signs in to the API of example/api with a NEAR key, calls the API and renews its tokens.
import { setTimeout as delay } from 'node:timers/promises'
import { signIn } from 'passport-near/client'

const {
  API_URL = 'http://localhost:3000',
  NEAR_ACCOUNT_ID, // a sub-account for the bot alone, such as bot.example.near
  NEAR_PRIVATE_KEY, // a full-access key of that account, such as ed25519:…
  SIGNER = 'near-api-js', // or near-kit
  INTERVAL = '60000', // milliseconds between two calls
} = process.env
if (!NEAR_ACCOUNT_ID || !NEAR_PRIVATE_KEY) throw new Error('Set NEAR_ACCOUNT_ID and NEAR_PRIVATE_KEY')

const { createSigner } = await import(
  SIGNER === 'near-kit' ? './signer-near-kit.js' : './signer-near-api-js.js'
)
const sign = createSigner(NEAR_ACCOUNT_ID, NEAR_PRIVATE_KEY)

const result = await signIn(sign, {
  challengeUrl: `${API_URL}/auth/near/challenge`,
  loginUrl: `${API_URL}/auth/near`,
  pkce: true,
})
if (result.outcome !== 'signed-in') {
  throw new Error(`Not signed in: ${result.message ?? result.outcome}`, { cause: result.cause })
}
let tokens = result.reply
console.log('signed in')

/** @returns {Promise<boolean>} Whether the bot may go on. Throws while the API cannot tell. */
async function renew() {
  const response = await fetch(`${API_URL}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken: tokens.refreshToken }),
  })
  if (response.status === 401) return false
  if (!response.ok) throw new Error(`The API responded with status ${response.status}`)
  tokens = await response.json()
  console.log('renewed')
  return true
}

for (;;) {
  try {
    const response = await fetch(`${API_URL}/me`, {
      headers: { authorization: `Bearer ${tokens.accessToken}` },
    })
    if (response.status === 401) {
      if (await renew()) continue
      // The key was removed on chain, or the tokens were taken back. A bot does not sign in again by itself.
      console.log('locked out')
      process.exitCode = 1
      break
    }
    if (!response.ok) throw new Error(`The API responded with status ${response.status}`)
    console.log(`called as ${(await response.json()).accounts.join(', ')}`)
  } catch (error) {
    console.error(error.message) // an outage: the next round tries again
  }
  await delay(Number(INTERVAL))
}
