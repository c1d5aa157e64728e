import { expect } from 'vitest'
import { TestNetwork, type WalletContract } from 'passport-near/testing'
import type { Challenge } from 'passport-near'
import { answering, startNode, type Respond } from '../support/nodes'
import type { Browser } from '../support/app'
import type { Attack, Story, Theme } from './row'
import { json, type Attempt, type Stage, type StageOptions } from './stage'
import { decodeBase58 } from '../../lib/nep413/base58'
import { authorizeWith } from '../nep641/stand-in'
import { Wallet } from '../support/wallet'

const invalid: Attack['refused'] = [401, 'ERR_NEAR_AUTHORIZATION_INVALID']
const limit: Attack['refused'] = [401, 'ERR_NEAR_AUTHORIZATION_LIMIT']
const cannotTell: Attack['refused'] = [503, 'ERR_NEAR_RPC_UNAVAILABLE']
const consumed: Attack['refused'] = [401, 'ERR_NEAR_CHALLENGE_MISSING']
const malformed: Attack['refused'] = [400, 'ERR_NEAR_CREDENTIALS_INVALID']

const stage = { near: { walletContracts: true, rpcTimeout: 1000 } }

interface Scene extends Stage {
  browser: Browser
  challenge: Challenge
  carol: WalletContract
}

/** Carol has a wallet contract, and a browser with a challenge. */
async function setScene(stage: Stage): Promise<Scene> {
  const browser = stage.open()
  const carol = await stage.network.createWalletContract('carol.test')
  return { ...stage, browser, challenge: await browser.challenge(), carol }
}

/** An attack on the login of Carol, or by her. */
const row = (
  description: Pick<Attack, 'by' | 'holds' | 'tries' | 'twin'> & Partial<Pick<Attack, 'refused' | 'asks'>>,
  play: (scene: Scene, attack: boolean) => Promise<Attempt | object>,
  options: StageOptions = stage,
): Attack => ({
  refused: invalid,
  asks: 2,
  stage: options,
  ...description,
  async play(stage, attack) {
    const scene = await setScene(stage)
    const attempt = await play(scene, attack)
    return 'init' in attempt ? attempt : json(scene.browser, attempt)
  },
})

const mallory = { by: 'Mallory', holds: 'a wallet contract of her own' }

/** Changes the message that Carol's own wallet is asked to authorize. */
const otherPayload = (how: string, change: (payload: string) => string): Attack =>
  row(
    {
      ...mallory,
      tries: `has a payload authorized that differs from the expected one ${how}`,
      twin: 'the expected payload',
    },
    ({ carol, challenge }, attack) =>
      carol.resolveAuth({ ...challenge, payload: attack ? change(challenge.payload!) : challenge.payload }),
  )

/** A contract of Mallory's own, which answers as she likes. Its twin authorizes what is expected. */
const answers = (
  what: string,
  answer: (payload: string, args: { path: readonly string[] }, network: TestNetwork) => unknown,
  more: Partial<Pick<Attack, 'refused' | 'asks'>> = {},
): Attack =>
  row(
    {
      by: 'Mallory',
      holds: 'a contract that answers as she likes',
      tries: `has it answer ${what}`,
      twin: 'it authorizes the payload',
      ...more,
    },
    async ({ network, challenge }, attack) => {
      const payload = challenge.payload!
      network.deployContract('evil.test', (args) => (attack ? answer(payload, args, network) : { payload }))
      return { accountId: 'evil.test', authorization: 'x', state: challenge.state }
    },
  )

const panics = (text: string): Attack =>
  answers(`with a panic that reads \`${text}\``, () => {
    throw new Error(text)
  })

type Answers = (payload: string, hash: string, accountId: string) => Respond

/** A node of its own answers the call of a contract. The contract of the twin authorizes the payload, unless it is given as well. */
const nodeAnswers = (
  description: Pick<Attack, 'by' | 'holds' | 'tries' | 'twin' | 'refused'>,
  attacks: Answers,
  twin: Answers = (payload, hash) => answering(yesAt(payload, hash)),
): Attack => {
  let payload = ''
  return {
    ...description,
    stage: async (attack, cleanup) => {
      const hash = '7'.repeat(44)
      const { url } = await startNode(cleanup, (request, response, message) => {
        const { method, params } = request as unknown as { method: string; params: { account_id: string } }
        if (method === 'block') {
          const timestamp_nanosec = `${Date.now()}000000`
          return answering({ result: { header: { hash, timestamp_nanosec } } })(request, response, message)
        }
        const respond = (attack ? attacks : twin)(payload, hash, params.account_id)
        return respond(request, response, message)
      })
      return { near: { walletContracts: true, rpc: url, rpcTimeout: 500 } }
    },
    async play({ open }) {
      const browser = open()
      const challenge = await browser.challenge()
      payload = challenge.payload!
      return json(browser, { accountId: 'carol.test', authorization: 'x', state: challenge.state })
    },
  }
}

const resultAt = (value: unknown, block_hash: string): object => ({
  result: { result: [...Buffer.from(JSON.stringify(value))], block_hash, logs: [] },
})
const yesAt = (payload: string, block_hash: string): object => resultAt({ payload }, block_hash)

/** A node that says something of a contract in place of a yes. */
const nodeSays = (what: string, attacks: Answers): Attack =>
  nodeAnswers(
    {
      by: 'A lying node, or an attacker between node and server',
      holds: 'the answer of the contract',
      tries: `says ${what}`,
      refused: cannotTell,
      twin: 'it says what the contract says',
    },
    attacks,
  )

/** A contract that does not return, in the words of the node. */
const stops = (tries: string, reason: string): Attack =>
  nodeAnswers(
    {
      by: 'Mallory',
      holds: 'a contract that answers as she likes',
      tries,
      refused: invalid,
      twin: 'it authorizes the payload',
    },
    (_, block_hash) =>
      answering({ result: { error: `wasm execution failed with error: ${reason}`, block_hash, logs: [] } }),
  )

const withTwoChildren = (payload: string, hash: string): Respond =>
  answering(resultAt(pending(payload, 'slow.test', 'no.test'), hash))

const slowChild = nodeAnswers(
  {
    by: 'Mallory',
    holds: 'a contract with two children, of which one never answers and the other says no',
    tries: 'has the login wait until time is over, which is no rejection',
    refused: invalid,
    twin: 'both say yes',
  },
  (payload, hash, accountId) => {
    if (accountId === 'slow.test') return () => undefined
    return accountId === 'no.test' ? answering(yesAt('another', hash)) : withTwoChildren(payload, hash)
  },
  (payload, hash, accountId) =>
    accountId === 'carol.test' ? withTwoChildren(payload, hash) : answering(yesAt(payload, hash)),
)

/** What the chain does between the request and the answer. */
const nodeFails = (how: 'stale-block' | 'other-block' | 'unknown-block', asks: number): Attack =>
  row(
    {
      by: 'A node that lags behind, or another one behind the same address',
      holds: 'the state of another block',
      tries: `answers from it (${how})`,
      twin: 'it answers from the block that was asked for',
      refused: cannotTell,
      asks,
    },
    async ({ network, carol, challenge }, attack) => {
      const login = await carol.resolveAuth(challenge)
      if (attack) network.fail(how)
      return login
    },
  )

let networks: Readonly<Record<'liar' | 'honest', TestNetwork>>

/** Two wallet contracts, of which the first is an extension of the vault. */
const vaultOf = async ({ network, carol }: Scene): Promise<WalletContract> =>
  network.createWalletContract('vault.test', { schema: 'no-sign', extensions: [carol.accountId] })

const chainOf = async ({ network, carol }: Scene, levels: number): Promise<WalletContract[]> => {
  const chain = [carol]
  for (let level = levels; level > 0; level--) {
    const extensions = [chain[0]!.accountId]
    chain.unshift(
      await network.createWalletContract(`level-${level}.test`, { schema: 'no-sign', extensions }),
    )
  }
  return chain
}

const inner = (authorization: string): string =>
  (JSON.parse(authorization) as { extension: { authorization: string } }).extension.authorization

const pending = (payload: string, ...ids: string[]): object => ({
  payload,
  pending: ids.map((account_id) => ({ account_id, authorization: 'x', expect: payload })),
})

const floods: Story = {
  by: 'A flood of contract logins',
  holds: 'as many challenges as it likes, and contracts for which the node is slow',
  tries: 'takes the connections and the time of logins with keys',
  outcome: '64 have a connection and 256 are under way, the others are 503 at once; Alice signs in meanwhile',
  twin: 'a contract login afterwards is good',
  stage: { near: { walletContracts: true, rpcTimeout: 3000 } },
  async test(stage) {
    const { network, open, alice, carol } = await setScene(stage)
    network.fail('hang')
    const logins = Array.from({ length: 300 }, async () => {
      const browser = open()
      const { status } = await browser.login(await carol.resolveAuth(await browser.challenge()))
      expect([200, 503]).toContain(status)
    })
    await expect.poll(() => network.requestCount).toBe(64)
    network.recover()
    const [hers, its] = [open(), open()]
    expect(await hers.login(await alice.signMessage(await hers.challenge()))).toMatchObject({ status: 200 })
    await Promise.all(logins)
    expect(await its.login(await carol.resolveAuth(await its.challenge()))).toMatchObject({ status: 200 })
  },
}

export const contracts: Theme = {
  title: 'Accounts without keys',
  rows: [
    row(
      {
        by: 'An eavesdropper',
        holds: "Carol's session and her authorization",
        tries: 'sends it again',
        twin: 'a new challenge is authorized',
        refused: consumed,
        asks: 0,
      },
      async ({ browser, carol, challenge }, attack) => {
        const login = await carol.resolveAuth(challenge)
        expect((await browser.login(login)).status).toBe(200)
        return attack ? login : carol.resolveAuth(await browser.challenge())
      },
    ),
    row(
      {
        by: 'An eavesdropper',
        holds: 'an authorization that was used, and a new challenge',
        tries: 'sends it with the state of the new challenge',
        twin: 'the new challenge is authorized',
      },
      async ({ browser, carol, challenge }, attack) => {
        const login = await carol.resolveAuth(challenge)
        expect((await browser.login(login)).status).toBe(200)
        const next = await browser.challenge()
        return attack ? { ...login, state: next.state } : carol.resolveAuth(next)
      },
    ),
    row(
      {
        by: 'An eavesdropper',
        holds: 'an authorization that was rejected while its key was disabled',
        tries: 'sends it again',
        twin: 'a new challenge is authorized',
        refused: consumed,
        asks: 0,
      },
      async ({ browser, carol, challenge }, attack) => {
        const login = await carol.resolveAuth(challenge)
        carol.allowSignature(false)
        expect((await browser.login(login)).status).toBe(401)
        carol.allowSignature(true)
        return attack ? login : carol.resolveAuth(await browser.challenge())
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: "Carol's authorization for a challenge of Mallory's browser, by a phishing page",
        tries: 'sends it from another browser',
        twin: 'the browser that the challenge was issued to',
        refused: consumed,
        asks: 0,
      },
      async ({ browser, open, carol, challenge }, attack) => {
        const login = await carol.resolveAuth(challenge)
        return json(attack ? open() : browser, login)
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: "Carol's authorization for another challenge of the same browser",
        tries: 'sends it for this one',
        twin: 'this challenge is authorized',
      },
      async ({ browser, carol, challenge }, attack) => {
        const other = await carol.resolveAuth(await browser.challenge())
        return attack ? { ...other, state: challenge.state } : carol.resolveAuth(challenge)
      },
    ),
    otherPayload('in its domain', (payload) => payload.replace('app.example.com', 'app.example.org')),
    otherPayload('in its message', (payload) => payload.replace('Sign in', 'Sign up')),
    otherPayload('in its action', (payload) => payload.replace('Login', 'login')),
    otherPayload('by a space', (payload) => `${payload} `),
    otherPayload('by its indentation', (payload) => JSON.stringify(JSON.parse(payload))),
    otherPayload('by an escape with the same meaning', (payload) => payload.replace('Login', '\\u004cogin')),
    otherPayload('by the order of its fields', (payload) => {
      const { domain, action, msg } = JSON.parse(payload) as Record<string, string>
      return JSON.stringify({ action, domain, msg }, null, 2)
    }),
    otherPayload('by line ends', (payload) => payload.replaceAll('\n', '\r\n')),
    otherPayload('by a form of Unicode', (payload) => payload.replace('Sign', 'Si\u0301gn')),
    otherPayload('by an invisible character', (payload) => `${payload}\u200b`),
    row(
      {
        by: 'Mallory',
        holds: 'an authorization of her own wallet contract',
        tries: "sends it as Carol's",
        twin: "Mallory's own account",
      },
      async ({ network, challenge }, attack) => {
        const own = await network.createWalletContract('mallory-wallet.test')
        const login = await own.resolveAuth(challenge)
        return attack ? { ...login, accountId: 'carol.test' } : login
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: 'an authorization by her own access key',
        tries: "sends it as Alice's",
        twin: "Mallory's own account",
      },
      async ({ mallory: own, challenge }, attack) => {
        const login = await own.resolveAuth(challenge)
        return attack ? { ...login, accountId: 'alice.test' } : login
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: 'an authorization that names Alice, signed with a key of her own',
        tries: "sends it as Alice's",
        twin: "Alice's own key signs",
        asks: 3,
      },
      async ({ network, alice, challenge }, attack) => {
        const elsewhere = await TestNetwork.start()
        try {
          const double = await elsewhere.createAccount('alice.test')
          if (!attack) await network.createAccount('double.test')
          return await (attack ? double : alice).resolveAuth(challenge)
        } finally {
          await elsewhere.stop()
        }
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: "Carol's authorization for a site on another network",
        tries: 'sends it here',
        twin: 'this network',
      },
      ({ carol, challenge }, attack) =>
        carol.resolveAuth({ ...challenge, chainId: attack ? 'testnet' : 'mainnet' }),
    ),
    row(
      {
        by: 'Mallory',
        holds: "an access key's authorization for another network",
        tries: 'sends it here',
        twin: 'this network',
      },
      ({ alice, challenge }, attack) =>
        alice.resolveAuth({ ...challenge, chainId: attack ? 'testnet' : 'mainnet' }),
    ),
    row(
      {
        by: 'Mallory',
        holds: "Carol's authorization as an extension of the vault",
        tries: 'signs in as Carol with it',
        twin: 'signs in through the vault',
      },
      async (scene, attack) => {
        const login = await (await vaultOf(scene)).resolveAuth(scene.challenge, { through: scene.carol })
        return attack
          ? { ...login, accountId: 'carol.test', authorization: inner(login.authorization) }
          : login
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: "Carol's authorization of her own login",
        tries: 'signs in to the vault with it',
        twin: 'Carol signs for the vault',
        asks: 3,
      },
      async (scene, attack) => {
        const { carol, challenge } = scene
        const vault = await vaultOf(scene)
        if (!attack) return vault.resolveAuth(challenge, { through: carol })
        const { authorization } = await carol.resolveAuth(challenge)
        const extension = { account_id: 'carol.test', authorization, payload: challenge.payload }
        return {
          accountId: 'vault.test',
          authorization: JSON.stringify({ extension }),
          state: challenge.state,
        }
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: "Carol's authorization for the vault",
        tries: 'signs in to another vault of hers with it',
        twin: 'the vault that Carol signed for',
        asks: 3,
      },
      async (scene, attack) => {
        const { network, carol, challenge } = scene
        const login = await (await vaultOf(scene)).resolveAuth(challenge, { through: carol })
        await network.createWalletContract('safe.test', { schema: 'no-sign', extensions: ['carol.test'] })
        return attack ? { ...login, accountId: 'safe.test' } : login
      },
    ),
    ...[
      ['reversed', (path: string[]) => path.toReversed()],
      ['longer', (path: string[]) => [...path, 'top.test']],
      ['shorter', (path: string[]) => path.slice(0, 1)],
    ].map(([how, change]) =>
      row(
        {
          by: 'Mallory',
          holds: "Carol's authorization for accounts above her",
          tries: `signs in through a path that is ${how as string}`,
          twin: 'the path that Carol signed',
          asks: 4,
        },
        async (scene, attack) => {
          const [top, mid, carol] = (await chainOf(scene, 2)) as [
            WalletContract,
            WalletContract,
            WalletContract,
          ]
          const { challenge } = scene
          if (!attack) return top.resolveAuth(challenge, { through: [mid, carol] })
          const { payload, chainId } = challenge as { payload: string; chainId: string }
          const path = (change as (path: string[]) => string[])([mid.accountId, top.accountId])
          const lowest = carol.authorize({ payload, chainId }, path)
          const wrap = (account_id: string, authorization: string): string =>
            JSON.stringify({ extension: { account_id, authorization, payload } })
          const authorization = wrap(mid.accountId, wrap(carol.accountId, lowest))
          return { accountId: top.accountId, authorization, state: challenge.state }
        },
      ),
    ),
    row(
      {
        by: 'Mallory',
        holds: 'a vault, and an extension that authorizes another text',
        tries: 'signs in to the vault',
        twin: 'the extension authorizes the expected text',
        asks: 3,
      },
      async (scene, attack) => {
        const { network, challenge } = scene
        const payload = challenge.payload!
        await network.createWalletContract('vault.test', { extensions: ['evil.test'] })
        network.deployContract('evil.test', () => ({ payload: attack ? 'another text' : payload }))
        const extension = { account_id: 'evil.test', authorization: 'x', payload }
        return {
          accountId: 'vault.test',
          authorization: JSON.stringify({ extension }),
          state: challenge.state,
        }
      },
    ),
    answers(
      'with a child that must authorize another text',
      (payload) => ({
        payload,
        pending: [{ account_id: 'evil.test', authorization: 'x', expect: 'another' }],
      }),
      { asks: 3 },
    ),
    answers('with a child that need not authorize anything', (payload) => ({
      payload,
      pending: [{ account_id: 'alice.test', authorization: 'x' }],
    })),
    answers('with a child that expects null', (payload) => ({
      payload,
      pending: [{ account_id: 'alice.test', authorization: 'x', expect: null }],
    })),
    answers('with itself as its child, for ever', (payload) => pending(payload, 'evil.test'), {
      refused: limit,
      asks: 6,
    }),
    row(
      {
        by: 'Mallory',
        holds: 'two contracts that each depend on the other, for ever',
        tries: 'signs in to one of them',
        twin: 'the other one authorizes the payload',
        refused: limit,
        asks: 6,
      },
      async ({ network, challenge }, attack) => {
        const payload = challenge.payload!
        network.deployContract('evil.test', () => pending(payload, 'twin.test'))
        network.deployContract('twin.test', () => (attack ? pending(payload, 'evil.test') : { payload }))
        return { accountId: 'evil.test', authorization: 'x', state: challenge.state }
      },
    ),
    row(
      {
        by: 'The former owner of an implicit account',
        holds: 'the key that its id is made of, which was removed from it',
        tries: 'signs in with its authorization where allowImplicit is on',
        twin: 'the account is not on chain yet',
        asks: 4,
      },
      async ({ network, challenge }, attack) => {
        const wallet = new Wallet()
        const accountId = Buffer.from(decodeBase58(wallet.publicKey.slice('ed25519:'.length))!).toString(
          'hex',
        )
        if (attack) await network.createAccount(accountId)
        const authorization = authorizeWith(wallet, accountId, { payload: challenge.payload! })
        return { accountId, authorization, state: challenge.state }
      },
      { near: { walletContracts: true, allowImplicit: true } },
    ),
    {
      by: 'One node of two that must agree',
      holds: 'one yes',
      tries: 'says yes for a contract that says no by the other node',
      refused: invalid,
      twin: 'the other node says yes too',
      stage: async (_, cleanup) => {
        const liar = await TestNetwork.start()
        const honest = await TestNetwork.start()
        cleanup.add(() => Promise.all([liar.stop(), honest.stop()]))
        networks = { liar, honest }
        const rpc = [liar.rpcUrl, honest.rpcUrl]
        return { near: { walletContracts: true, rpc, quorum: 2 } }
      },
      async play({ open }, attack) {
        const browser = open()
        const challenge = await browser.challenge()
        const says = (isYes: boolean) => (): object => {
          if (isYes) return { payload: challenge.payload }
          throw new Error('no')
        }
        networks.liar.deployContract('evil.test', says(true))
        networks.honest.deployContract('evil.test', says(!attack))
        return json(browser, { accountId: 'evil.test', authorization: 'x', state: challenge.state })
      },
    },
    answers(
      'with 300 children',
      (payload) => pending(payload, ...Array.from({ length: 300 }, (_, index) => `a${index}.test`)),
      { refused: limit },
    ),
    answers(
      'with one child nine times',
      (payload) => pending(payload, ...Array.from({ length: 9 }, () => 'alice.test')),
      { refused: limit },
    ),
    answers(
      'with a child whose authorization is too long',
      (payload) => ({
        payload,
        pending: [{ account_id: 'alice.test', authorization: 'x'.repeat(16_385), expect: payload }],
      }),
      { refused: limit },
    ),
    row(
      {
        by: 'Mallory',
        holds: 'five accounts, each an extension of the one above',
        tries: 'signs in to the uppermost through all of them and Carol',
        twin: 'four accounts above Carol',
        refused: limit,
        asks: 6,
      },
      async (scene, attack) => {
        const [top, ...below] = await chainOf(scene, attack ? 5 : 4)
        return top!.resolveAuth(scene.challenge, { through: below })
      },
    ),
    answers('with 300 kB', (payload) => ({ payload, more: 'x'.repeat(300_000) }), {
      refused: cannotTell,
    }),
    answers('with JSON that is 30,000 levels deep', () => Buffer.from('['.repeat(30_000))),
    answers('with the status PENDING of an earlier draft', (payload) => ({
      status: 'PENDING',
      payload,
      pending_authorizations: [{ account_id: 'alice.test', authorization: 'x', expect: payload }],
    })),
    answers('with the status RESOLVED of an earlier draft', (payload) => ({ status: 'RESOLVED', payload })),
    answers('with null for its children', (payload) => ({ payload, pending: null })),
    answers('with the payload in a list', (payload) => ({ payload: [payload] })),
    answers('with the payload twice, the expected one first', (payload) =>
      Buffer.from(`{"payload":${JSON.stringify(payload)},"payload":"another"}`),
    ),
    answers('with a byte order mark before the payload', (payload) =>
      Buffer.from(`\ufeff${JSON.stringify({ payload })}`),
    ),
    answers('with nothing', () => undefined),
    panics('account evil.test does not exist while viewing'),
    panics('UNKNOWN_BLOCK'),
    panics('Timeout: the node could not answer. HANDLER_ERROR INTERNAL_ERROR'),
    panics('{\\"permission\\":\\"FullAccess\\"}'),
    row(
      {
        by: 'Mallory',
        holds: 'an account without a contract',
        tries: 'signs in with an authorization of her own making',
        twin: 'an account with a contract that authorizes it',
      },
      async ({ network, challenge }, attack) => {
        if (attack) await network.createAccount('empty.test')
        else network.deployContract('empty.test', () => ({ payload: challenge.payload }))
        return { accountId: 'empty.test', authorization: 'x', state: challenge.state }
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: 'a contract without the function of the standard',
        tries: 'signs in with it',
        twin: 'a contract that has the function',
      },
      async ({ network, challenge }, attack) => {
        const resolve = (): object => ({ payload: challenge.payload })
        network.deployContract('old.test', attack ? { resolve_auth: resolve } : { w_resolve_auth: resolve })
        return { accountId: 'old.test', authorization: 'x', state: challenge.state }
      },
    ),
    stops('has it use up all of its gas', 'HostError(GasLimitExceeded)'),
    stops('has it end in a trap', 'WasmTrap(Unreachable)'),
    row(
      {
        by: 'Mallory',
        holds: 'the id of an account that does not exist',
        tries: 'signs in with it',
        twin: 'the account exists',
      },
      async ({ network, challenge }, attack) => {
        if (!attack) network.deployContract('new.test', () => ({ payload: challenge.payload }))
        return { accountId: 'new.test', authorization: 'x', state: challenge.state }
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: 'a function-call key of Alice',
        tries: 'signs in with its authorization',
        twin: 'a full-access key',
        asks: 3,
      },
      ({ alice, challenge }, attack) => {
        const publicKey = alice.addKey({ permission: attack ? 'FunctionCall' : 'FullAccess' })
        return alice.resolveAuth(challenge, { publicKey })
      },
    ),
    row(
      {
        by: 'A thief',
        holds: "a key of Alice's that was removed since the challenge",
        tries: 'signs in with its authorization',
        twin: 'the key was not removed',
        asks: 3,
      },
      async ({ alice, challenge }, attack) => {
        const publicKey = alice.addKey()
        const login = await alice.resolveAuth(challenge, { publicKey })
        if (attack) alice.deleteKey(publicKey)
        return login
      },
    ),
    row(
      {
        by: 'A former extension of the vault',
        holds: 'an authorization from before it was disabled',
        tries: 'signs in to the vault',
        twin: 'it was not disabled',
      },
      async (scene, attack) => {
        const vault = await vaultOf(scene)
        const login = await vault.resolveAuth(scene.challenge, { through: scene.carol })
        if (attack) vault.disableExtension('carol.test')
        return login
      },
    ),
    row(
      {
        by: 'A thief',
        holds: "Carol's passkey, which her contract no longer accepts",
        tries: 'signs in with it',
        twin: 'the contract accepts it',
      },
      async ({ carol, challenge }, attack) => {
        const login = await carol.resolveAuth(challenge)
        if (attack) carol.allowSignature(false)
        return login
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: "a signature of her own key, and Carol's authorization",
        tries: 'sends both, and hopes that each is taken for the other',
        twin: 'one of them alone',
        refused: malformed,
        asks: 0,
      },
      async ({ mallory: own, carol, challenge }, attack) => {
        const login = await carol.resolveAuth(challenge)
        return attack ? { ...(await own.signMessage(challenge)), ...login } : login
      },
    ),
    row(
      {
        by: 'Mallory',
        holds: 'an authorization of 16 kB and one byte',
        tries: 'has it sent to a node',
        twin: 'an authorization of 16 kB',
        refused: malformed,
        asks: 0,
      },
      async ({ network, challenge }, attack) => {
        network.deployContract('evil.test', () => ({ payload: challenge.payload }))
        return {
          accountId: 'evil.test',
          authorization: 'x'.repeat(attack ? 16_385 : 16_384),
          state: challenge.state,
        }
      },
    ),
    nodeFails('stale-block', 1),
    nodeFails('other-block', 2),
    nodeFails('unknown-block', 3),
    nodeSays('yes, of another block', (payload) => answering(yesAt(payload, '8'.repeat(44)))),
    nodeSays('no, of another block', () =>
      answering({ result: { error: 'wasm execution failed with error: x', block_hash: '8'.repeat(44) } }),
    ),
    nodeSays('yes, of no block', (payload) =>
      answering({ result: { ...(yesAt(payload, '') as { result: object }).result, block_hash: undefined } }),
    ),
    nodeSays('yes, with HTTP status 500', (payload, hash) => answering(yesAt(payload, hash), 500)),
    nodeSays('yes and no at once', (payload, hash) =>
      answering({
        result: {
          ...(yesAt(payload, hash) as { result: object }).result,
          error: 'wasm execution failed with error: x',
        },
      }),
    ),
    nodeSays('nothing', () => () => undefined),
    nodeSays('something without end', () => (_, response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      }
      response.on('drain', send)
      send()
    }),
    row(
      {
        by: 'A node that dies',
        holds: "the answer of the vault, but not of Carol's contract",
        tries: 'has the vault count alone',
        twin: 'it lives',
        refused: cannotTell,
        asks: 3,
      },
      async (scene, attack) => {
        const { network, challenge } = scene
        const payload = challenge.payload!
        network.deployContract('dying.test', () => ({ payload }))
        network.deployContract('top.test', () => {
          // The second call is cut; a kept connection is tried once more.
          if (attack) queueMicrotask(() => setImmediate(() => network.fail('http-500')))
          return pending(payload, 'dying.test')
        })
        return { accountId: 'top.test', authorization: 'x', state: challenge.state }
      },
    ),
    slowChild,
    floods,
  ],
}
