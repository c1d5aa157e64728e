import { generateKey, Near } from 'near-kit'
import { Account, JsonRpcProvider, KeyPair, KeyPairSigner } from 'near-api-js'
import { signMessage } from 'near-api-js/nep413'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Browser, Cleanup, startApp } from '../support/app'

const cleanup = new Cleanup()
let network: TestNetwork
let browser: Browser

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  const app = await startApp(cleanup, {
    near: { rpc: network.rpcUrl, callbackUrl: 'https://app.example.com/cb' },
  })
  browser = new Browser(app.url)
})
afterEach(() => cleanup.run())

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

describe("near-api-js's signer signs in over HTTP", () => {
  it.each(['ED25519', 'SECP256K1', 'ml-dsa-65'] as const)('with a key of type %s', async (type) => {
    const pair = KeyPair.fromRandom(type)
    const publicKey = pair.getPublicKey().toString()
    await network.createAccount('alice.test', { publicKey })
    const account = new Account(
      'alice.test',
      new JsonRpcProvider({ url: network.rpcUrl }),
      new KeyPairSigner(pair),
    )

    const { message, recipient, nonce, callbackUrl, state } = await browser.challenge()
    const payload = {
      message,
      recipient,
      nonce: Buffer.from(nonce, 'base64'),
      ...(callbackUrl && { callbackUrl }),
    }
    const signed = await signMessage({ signerAccount: account, payload })
    const answer = await browser.login({
      accountId: signed.accountId,
      publicKey: signed.publicKey.toString(),
      signature: base64(signed.signature),
      state,
    })
    expect(answer).toMatchObject({ status: 200, body: { id: 'alice.test', profile: { publicKey } } })
  })
})

describe("near-kit's signer signs in over HTTP", () => {
  it.each(['with', 'without'])('%s the callback URL', async (which) => {
    const key = generateKey()
    const publicKey = key.publicKey.toString()
    await network.createAccount('bob.test', { publicKey })
    const near = new Near({
      network: { rpcUrl: network.rpcUrl, networkId: 'localnet' },
      privateKey: key.secretKey as `ed25519:${string}`,
      defaultSignerId: 'bob.test',
    })
    const { message, recipient, nonce, callbackUrl, state } = await browser.challenge()
    const signed = await near.signMessage({
      message,
      recipient,
      nonce: Buffer.from(nonce, 'base64'),
      ...(which === 'with' && { callbackUrl: callbackUrl! }),
    })
    const answer = await browser.login({ ...signed, state })
    expect(answer).toMatchObject({ status: 200, body: { id: 'bob.test', profile: { publicKey } } })
  })
})
