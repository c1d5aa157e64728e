// One of several processes that share a secret and a Redis. Its parent sends logins, of which it accepts some.
import { Redis } from 'ioredis'
import { SealedChallengeStore } from 'passport-near'
import { createClient } from 'redis'

process.once('message', async ({ kind, url, secret }) => {
  const client = kind === 'ioredis' ? new Redis(url) : await createClient({ url }).connect()
  const store = new SealedChallengeStore({ secret, client })
  process.on('message', async ({ codeVerifier, state, purpose, copies }) => {
    const req = { body: { codeVerifier } }
    const results = await Promise.all(
      Array.from({ length: copies }, () => store.consume(req, state, purpose)),
    )
    process.send({ accepted: results.filter(Boolean).length })
  })
  process.send('ready')
})
