// The profile of a strategy that accepts wallet contracts.
import { NearStrategy, resolveAuthorization, type NearAccountProfile, type Verify } from 'passport-near'
import { TestNetwork, type WalletContract } from 'passport-near/testing'
import type { IncomingMessage } from 'node:http'

const recipient = 'app.example.com'

new NearStrategy({ recipient }, (profile, done) => {
  const key: string = profile.publicKey
  // @ts-expect-error -- only a strategy that accepts wallet contracts says who decided
  const via: string = profile.via
  done(null, { key, via })
})

new NearStrategy({ recipient, walletContracts: false }, ({ publicKey }, done) => {
  const key: string = publicKey
  done(null, { key })
})

const near = new NearStrategy({ recipient, walletContracts: true }, async (profile, done) => {
  // @ts-expect-error -- absent where a contract decided
  const key: string = profile.publicKey
  if (profile.via === 'access-key') {
    const known: string = profile.publicKey
    return done(null, { known })
  }
  const absent: undefined = profile.publicKey
  // The strategy's own endpoints are asked in its own verify.
  const roles: unknown = await near.view({ contractId: 'dao.near', method: 'roles', args: { key, absent } })
  done(null, { roles })
})

new NearStrategy({ recipient, walletContracts: { maxDepth: 2 } }, ({ via }: NearAccountProfile, done) => {
  const either: 'access-key' | 'contract' = via
  done(null, { either })
})

new NearStrategy(
  { recipient, walletContracts: true, passReqToCallback: true },
  (req, { accountId, publicKey }, done) => {
    const url: string | undefined = req.url
    const key: string | undefined = publicKey
    done(null, { accountId, url, key })
  },
)

new NearStrategy<IncomingMessage, false, true>({ recipient, walletContracts: true }, ({ via }, done) =>
  done(null, { via }),
)

const forKeys: Verify = ({ publicKey }, done) => done(null, { length: publicKey.length })
new NearStrategy({ recipient }, forKeys)
// @ts-expect-error -- it needs a key, which an account without keys has not
new NearStrategy({ recipient, walletContracts: true }, forKeys)

// @ts-expect-error -- an unknown limit
new NearStrategy({ recipient, walletContracts: { depth: 2 } }, (_, done) => done(null, {}))

export async function authorize(authorization: string): Promise<string | undefined> {
  const resolved = await resolveAuthorization({ accountId: 'a.near', authorization })
  const via: 'access-key' | 'contract' | undefined = resolved?.via
  return via && resolved?.publicKey
}

export async function logIn(): Promise<{ accountId: string; authorization: string; state?: string }> {
  const network = await TestNetwork.start()
  const alice = await network.createAccount('alice.test')
  const carol: WalletContract = await network.createWalletContract('carol.test', { schema: 'webauthn-p256' })
  network.deployContract('dao.test', ({ path, authorization }, { accountId, blockTimestamp }) => {
    const time: bigint = blockTimestamp
    return {
      payload: `${authorization} ${time}`,
      pending: path.map((account_id) => ({ account_id, accountId })),
    }
  })
  network.deployContract('token.test', { balance_of: ({ account_id }: { account_id: string }) => account_id })
  const challenge = await near.challenge({} as Parameters<typeof near.challenge>[0])
  await carol.resolveAuth(challenge, { through: [carol, alice] })
  return carol.resolveAuth(challenge, { through: alice })
}
