import { signIn } from 'passport-near/client'
import { TestNetwork, type TestAccount } from 'passport-near/testing'
import { KeyPair } from 'near-api-js'
import { generateKey } from 'near-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newAccount } from '../support/accounts'
import { Cleanup } from '../support/app'
import { blockUnder } from './support/blocks'
import { createProject, runProgram, startProgram } from './support/project'

const PAGE = 'docs/without-cookies.md'
const cleanup = new Cleanup()
let network: TestNetwork
let alice: TestAccount
let url: string

beforeAll(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  alice = await network.createAccount('alice.near')
  const directory = createProject(cleanup, { 'server.js': blockUnder('docs/without-cookies.md', 'Server') })
  url = await startProgram(directory, 'server.js', network.rpcUrl, cleanup, {
    CHALLENGE_SECRET: 'a secret of the tests, which is long enough',
    TOKEN_SECRET: 'another secret of the tests, which is long enough',
  })
})
afterAll(() => cleanup.run())

describe('the page about sign-in without cookies', () => {
  it('has a server that hands out an access token, which its API takes', async () => {
    const urls = { challengeUrl: `${url}/auth/near/challenge`, loginUrl: `${url}/auth/near`, pkce: true }
    const result = await signIn<{ accessToken: string }>((message) => alice.signMessage(message), urls)
    if (result.outcome !== 'signed-in') throw new Error(result.outcome)
    const headers = { authorization: `Bearer ${result.reply.accessToken}` }
    expect(await (await fetch(`${url}/me`, { headers })).json()).toEqual({ id: 'alice.near' })
    expect((await fetch(`${url}/me`)).status).toBe(401)
    expect(await (await fetch(`${url}/auth/near/challenge`)).json()).toMatchObject({
      code: 'ERR_NEAR_CODE_CHALLENGE_INVALID',
    })
  })

  it('replaces a secret as it says', async () => {
    const code = `import { SealedChallengeStore } from 'passport-near'\n${blockUnder(PAGE, 'Replace the secret')}\nconsole.log(typeof store.consume)`
    const directory = createProject(cleanup, { 'secrets.js': code })
    const secrets = { CHALLENGE_SECRET: 'n1'.repeat(16), OLD_CHALLENGE_SECRET: 'o1'.repeat(16) }
    expect(await runProgram(directory, ['secrets.js'], secrets)).toBe('function\n')
  })
})

describe('the page about agents', () => {
  const keys = {
    0: () => {
      const pair = KeyPair.fromRandom('ED25519')
      return { publicKey: pair.getPublicKey().toString(), privateKey: pair.toString() as string }
    },
    1: () => {
      const { publicKey, secretKey } = generateKey()
      return { publicKey: publicKey.toString(), privateKey: secretKey }
    },
  }

  it.each([0, 1] as const)('signs in with the code of block %i', async (index) => {
    const { publicKey, privateKey } = keys[index]()
    const { accountId } = await newAccount(network, 'bot', { publicKey })
    const code = blockUnder('docs/agents.md', 'Sign in', index).replace('https://api.example.com', url)
    const NEAR_KEY = JSON.stringify({ account_id: accountId, private_key: privateKey })
    const directory = createProject(cleanup, {
      'agent.js': `${code}\nconsole.log(typeof result.reply.accessToken)`,
    })
    expect(await runProgram(directory, ['agent.js'], { NEAR_KEY })).toBe('string\n')
  })
})
