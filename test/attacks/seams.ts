import { SessionChallengeStore, type AccessKeySource, type ChallengeStore } from 'passport-near'
import type { Attack, Theme } from './row'
import { json } from './stage'

const storeFailed: Attack['refused'] = [503, 'ERR_NEAR_STORE_FAILED']
const cannotTell: Attack['refused'] = [503, 'ERR_NEAR_RPC_UNAVAILABLE']
const noKey: Attack['refused'] = [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND']
const consumed: Attack['refused'] = [401, 'ERR_NEAR_CHALLENGE_MISSING']

const good = async ({ alice, open }: Parameters<Attack['play']>[0]): ReturnType<Attack['play']> => {
  const browser = open()
  return json(browser, await alice.signMessage(await browser.challenge()))
}

/** A session store whose `consume` returns another value than the challenge. */
const storeGives = (
  what: string,
  give: (challenge: object) => unknown,
  refused: Attack['refused'] = storeFailed,
): Attack => ({
  by: 'A store with a bug',
  holds: 'the challenge',
  tries: `returns ${what} for it`,
  refused,
  twin: 'the challenge itself',
  stage: (attack) => {
    const inner = new SessionChallengeStore()
    const store: ChallengeStore = {
      issue: (req, challenge) => inner.issue(req, challenge),
      async consume(req, state, purpose) {
        const challenge = (await inner.consume(req, state, purpose))!
        return (attack ? await give(challenge) : challenge) as typeof challenge
      },
    }
    return { near: { store } }
  },
  play: good,
})

const sourceGives = (what: string, give: () => unknown, refused: Attack['refused'] = cannotTell): Attack => ({
  by: 'A key source with a bug',
  holds: "the request for the key's permission",
  tries: `returns ${what} as the permission`,
  refused,
  twin: '`"FullAccess"`',
  stage: (attack) => {
    const permission = async (): Promise<unknown> => (attack ? give() : 'FullAccess')
    return { near: { accessKeys: { permission } as AccessKeySource, rpcTimeout: 300 } }
  },
  play: good,
})

const raise = (error: unknown) => () => {
  throw error
}

export const seams: Theme = {
  title: 'Stores and key sources of the application',
  rows: [
    storeGives('`undefined`', () => undefined, consumed),
    storeGives('`null`', () => null, consumed),
    storeGives('`{}`', () => ({})),
    storeGives('`true`', () => true),
    storeGives('`false`', () => false),
    storeGives('`1`', () => 1),
    storeGives('an empty string', () => ''),
    storeGives('its JSON', (challenge) => JSON.stringify(challenge)),
    storeGives('an array with it', (challenge) => [challenge]),
    storeGives('it without its nonce', (challenge) => ({ ...challenge, nonce: undefined })),
    storeGives('it with a nonce of 31 bytes', (challenge) => ({
      ...challenge,
      nonce: Buffer.alloc(31).toString('base64'),
    })),
    storeGives('it without issuedAt', (challenge) => ({ ...challenge, issuedAt: undefined })),
    storeGives('it with an issuedAt of NaN', (challenge) => ({ ...challenge, issuedAt: NaN })),
    storeGives('it with another state', (challenge) => ({ ...challenge, state: 'another' }), consumed),
    storeGives('it with another purpose', (challenge) => ({ ...challenge, purpose: 'near/link' }), consumed),
    storeGives(
      'it with an issuedAt in the future',
      (challenge) => ({ ...challenge, issuedAt: Date.now() + 60_000 }),
      consumed,
    ),
    storeGives('it without its message', (challenge) => ({ ...challenge, message: undefined })),
    storeGives('it with a callback URL in an array', (challenge) => ({
      ...challenge,
      callbackUrl: ['https://evil.example.com'],
    })),
    storeGives('an error that is not an Error', raise(undefined)),
    storeGives(
      'an error with the code of a rejection by the strategy',
      raise({ code: 'ERR_NEAR_WALLET_REFUSED', status: 401 }),
    ),
    sourceGives('`undefined`', () => undefined, noKey),
    sourceGives('`{}`', () => ({})),
    sourceGives('`true`', () => true),
    sourceGives('`null`', () => null),
    sourceGives('`1`', () => 1),
    sourceGives('an empty string', () => ''),
    sourceGives('`"fullaccess"`', () => 'fullaccess'),
    sourceGives('`["FullAccess"]`', () => ['FullAccess']),
    sourceGives('a String object', () => Object('FullAccess')),
    sourceGives('`{ permission: "FullAccess" }`', () => ({ permission: 'FullAccess' })),
    sourceGives('`{ FullAccess: {} }`', () => ({ FullAccess: {} })),
    sourceGives('`{ GasKeyFullAccess: true }`', () => ({ GasKeyFullAccess: true })),
    sourceGives('a function', () => () => 'FullAccess'),
    sourceGives('an error', raise(new Error('lost'))),
    sourceGives('an error that is not an Error', raise(null)),
    sourceGives('nothing, ever', () => new Promise(() => undefined)),
  ],
}
