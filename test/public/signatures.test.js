const { randomBytes } = require('node:crypto')
const { hashPayload, verifySignature } = require('passport-near')
const { Wallet } = require('./support/wallet')

const payload = { message: 'Sign in', recipient: 'app.example.com', nonce: new Uint8Array(randomBytes(32)) }
const challenge = { ...payload, nonce: Buffer.from(payload.nonce).toString('base64') }

test('a signature made with borsh and js-sha256 verifies against hashPayload', async () => {
  const callbackUrl = 'https://app.example.com/callback'
  const wallet = new Wallet('alice.near')
  const { signature, publicKey } = wallet.sign(challenge)
  expect(await verifySignature(hashPayload(payload), signature, publicKey)).toBe(true)
  const withCallback = wallet.sign({ ...challenge, callbackUrl })
  expect(
    await verifySignature(hashPayload({ ...payload, callbackUrl }), withCallback.signature, publicKey),
  ).toBe(true)
})

test.each([
  ['message', { message: 'Pay' }],
  ['recipient', { recipient: 'evil.example.com' }],
  ['nonce', { nonce: new Uint8Array(32) }],
  ['callback URL', { callbackUrl: 'https://app.example.com/' }],
])('a signature does not verify against another %s', async (_, changed) => {
  const { signature, publicKey } = new Wallet('alice.near').sign(challenge)
  expect(await verifySignature(hashPayload({ ...payload, ...changed }), signature, publicKey)).toBe(false)
})
