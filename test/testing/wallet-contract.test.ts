import { createHash, createPublicKey, ECDH, generateKeyPairSync, sign } from 'node:crypto'
import { hashOffchainMessage, resolveAuthorization } from 'passport-near'
import { TestNetwork, type AuthorizedLogin, type WalletContract } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeBase58 } from '../../lib/nep413/base58'

let network: TestNetwork
beforeEach(async () => {
  network = await TestNetwork.start()
})
afterEach(async () => {
  vi.useRealTimers()
  await network.stop()
})

const challenge = { payload: 'p', chainId: 'mainnet' }

const resolve = ({ accountId, authorization }: AuthorizedLogin): ReturnType<typeof resolveAuthorization> =>
  resolveAuthorization({ accountId, authorization, rpc: network.rpcUrl })

/** What the contract answers to one authorization: its panic text, or what it returned. */
async function call(accountId: string, authorization: string, path: string[] = []): Promise<unknown> {
  const args_base64 = Buffer.from(JSON.stringify({ path, authorization })).toString('base64')
  const view = { account_id: accountId, method_name: 'w_resolve_auth', args_base64, finality: 'final' }
  const params = { request_type: 'call_function', ...view }
  const response = await fetch(network.rpcUrl, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'query', params }),
  })
  const { result } = (await response.json()) as { result: { result?: number[]; error?: string } }
  if (result.result) return JSON.parse(Buffer.from(result.result).toString())
  return /panic_msg: "(.*)" \}\)$/.exec(result.error!)![1]
}

const ACCEPTED = { payload: 'p' }
const REJECTED = 'invalid signature'
const DISABLED = 'signature is disabled, use extensions to act on behalf of this wallet'

/** An authenticator whose every answer the test decides. */
interface Fields {
  flags?: number
  /** In bytes. */
  size?: number
  clientData?: unknown
  change?: (proof: Record<string, string | number>) => unknown
}

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest()

describe.each(['webauthn-p256', 'webauthn-ed25519'] as const)('a contract with a key of %s', (schema) => {
  const isP256 = schema === 'webauthn-p256'
  const { publicKey, privateKey } = isP256
    ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    : generateKeyPairSync('ed25519')
  const spki = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).export({
    format: 'der',
    type: 'spki',
  })
  const raw = isP256
    ? (ECDH.convertKey(spki.subarray(-65), 'prime256v1', undefined, undefined, 'compressed') as Buffer)
    : spki.subarray(-32)
  const curve = isP256 ? 'p256' : 'ed25519'

  /** Of P-256, a signature whose S is low or high. */
  function signData(data: Uint8Array, isLow = true): Buffer {
    if (!isP256) return sign(null, data, privateKey)
    for (;;) {
      const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      // Half of the order is 0x7fffffff8…: a first byte of 0x7f can be either.
      const [first] = signature.subarray(32)
      if (isLow ? first! < 0x7f : first! > 0x7f) return signature
    }
  }

  const msg = {
    chain_id: 'mainnet',
    signer_id: 'carol.test',
    timestamp: '2026-08-05T07:28:00Z',
    payload: 'p',
  }
  const hash = Buffer.from(hashOffchainMessage(msg))
  const honest = { type: 'webauthn.get', challenge: hash.toString('base64url'), origin: 'https://any.test' }

  function authorize(
    { flags = 0x01, size = 37, clientData = honest, change = () => undefined }: Fields,
    isLow = true,
  ): string {
    const authenticatorData = Buffer.alloc(size, 1)
    if (size > 32) authenticatorData[32] = flags
    const text = typeof clientData === 'string' ? clientData : JSON.stringify(clientData)
    const signature = signData(Buffer.concat([authenticatorData, sha256(text)]), isLow)
    const proof = {
      authenticator_data: authenticatorData.toString('base64url'),
      client_data_json: text,
      signature: `${curve}:${encodeBase58(signature)}`,
    }
    const changed = change(proof) ?? proof
    return JSON.stringify({
      signature: { msg, proof: typeof changed === 'string' ? changed : JSON.stringify(changed) },
    })
  }

  beforeEach(async () => {
    await network.createWalletContract('carol.test', { schema, publicKey: `${curve}:${encodeBase58(raw)}` })
  })

  it.each<[string, Fields]>([
    ['of a person who was there', {}],
    ['of a person who was recognised', { flags: 0x05 }],
    ['of a key that can be backed up', { flags: 0x09 }],
    ['of a key that is backed up', { flags: 0x19 }],
    ['with other data of the authenticator', { flags: 0xc1, size: 120 }],
    ['with more fields of the page', { clientData: { ...honest, crossOrigin: true, more: 1 } }],
    [
      'with client data in another order',
      { clientData: Object.fromEntries(Object.entries(honest).reverse()) },
    ],
  ])('accepts a signature %s', async (_, fields) => {
    expect(await call('carol.test', authorize(fields))).toEqual(ACCEPTED)
  })

  it.each<[string, Fields]>([
    ['of a person who was not there', { flags: 0x04 }],
    ['of a key that is backed up and cannot be', { flags: 0x11 }],
    ['with less data of the authenticator than the shortest', { size: 36 }],
    ['with no data of the authenticator', { size: 0 }],
    ['of a registration', { clientData: { ...honest, type: 'webauthn.create' } }],
    ['over another hash', { clientData: { ...honest, challenge: sha256('x').toString('base64url') } }],
    ['over the hash in base64', { clientData: { ...honest, challenge: hash.toString('base64') } }],
    ['over no hash', { clientData: { ...honest, challenge: undefined } }],
    ['over a page’s data that is null', { clientData: 'null' }],
    ['over a page’s data that is no JSON', { clientData: 'x' }],
    [
      'whose authenticator data has a padding',
      { change: (proof) => ({ ...proof, authenticator_data: `${proof.authenticator_data!}==` }) },
    ],
    ['without authenticator data', { change: (proof) => void delete proof.authenticator_data }],
    ['without client data', { change: (proof) => void delete proof.client_data_json }],
    ['without a signature', { change: (proof) => void delete proof.signature }],
    ['that is a number', { change: (proof) => void (proof.signature = 1) }],
    ['of another curve', { change: (proof) => void (proof.signature = `x${proof.signature!}`) }],
    ['that is too short', { change: (proof) => void (proof.signature = `${curve}:${encodeBase58(hash)}`) }],
    ['that is no base58', { change: (proof) => void (proof.signature = `${curve}:0`) }],
    [
      'over other authenticator data',
      { change: (proof) => void (proof.authenticator_data = authenticatorData()) },
    ],
    [
      'over other client data',
      { change: (proof) => ({ ...proof, client_data_json: `${proof.client_data_json!} ` }) },
    ],
    ['in a proof that is null', { change: () => 'null' }],
    ['in a proof that is a text', { change: () => '"x"' }],
    ['in a proof that is no JSON', { change: () => 'x' }],
    [
      'over the hash itself, as other contracts take it',
      { change: () => `${curve}:${encodeBase58(signData(hash))}` },
    ],
  ])('panics for a signature %s', async (_, fields) => {
    expect(await call('carol.test', authorize(fields))).toBe(REJECTED)
  })

  function authenticatorData(): string {
    const data = Buffer.alloc(37, 2)
    data[32] = 1
    return data.toString('base64url')
  }

  if (isP256)
    it('panics for the other signature with the same meaning', async () => {
      expect(await call('carol.test', authorize({}, false))).toBe(REJECTED)
    })
})

describe('a wallet', () => {
  it('dates its messages a minute back, and leaves out a path that is empty', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-08-05T07:29:00.5Z') })
    const carol = await network.createWalletContract('carol.test')
    const alice = await network.createAccount('alice.test')
    for (const signer of [carol, alice]) {
      const { authorization } = await signer.resolveAuth(challenge)
      const fields = JSON.parse(authorization) as { signature: { msg?: object }; msg?: object }
      expect(fields.msg ?? fields.signature.msg).toEqual({
        chain_id: 'mainnet',
        signer_id: signer.accountId,
        timestamp: '2026-08-05T07:28:00.500Z',
        payload: 'p',
      })
    }
  })

  it.each(['webauthn-p256', 'webauthn-ed25519'] as const)('signs with %s as browsers do', async (schema) => {
    const carol = await network.createWalletContract('carol.test', { schema })
    const { authorization } = await carol.resolveAuth(challenge)
    const { msg, proof } = (JSON.parse(authorization) as { signature: { msg: never; proof: string } })
      .signature
    const { authenticator_data, client_data_json, signature } = JSON.parse(proof) as Record<string, string>
    expect(JSON.parse(client_data_json!)).toEqual({
      type: 'webauthn.get',
      challenge: Buffer.from(hashOffchainMessage(msg)).toString('base64url'),
      origin: 'https://wallet.test',
      crossOrigin: false,
    })
    // The hash of the host, "user present" and "user verified", and a counter that stays 0.
    const expected = Buffer.concat([sha256('wallet.test'), Buffer.from([0x05, 0, 0, 0, 0])])
    expect(authenticator_data).toBe(expected.toString('base64url'))
    expect(signature).toMatch(schema === 'webauthn-p256' ? /^p256:/ : /^ed25519:/)
  })

  it('returns the state of a challenge that has one', async () => {
    const carol = await network.createWalletContract('carol.test')
    const alice = await network.createAccount('alice.test')
    for (const signer of [carol, alice]) {
      const { accountId } = signer
      const authorization = expect.any(String) as string
      expect(await signer.resolveAuth({ ...challenge, state: 's' })).toStrictEqual({
        accountId,
        authorization,
        state: 's',
      })
      expect(await signer.resolveAuth(challenge)).toStrictEqual({ accountId, authorization })
    }
  })

  it.each([{}, { payload: 'p' }, { chainId: 'mainnet' }, { payload: 1, chainId: 'mainnet' }])(
    'has nothing to sign in the challenge %j',
    async (incomplete) => {
      const carol = await network.createWalletContract('carol.test')
      const authorizing = carol.resolveAuth(incomplete as object)
      await expect(authorizing).rejects.toThrow(TypeError)
      await expect(authorizing).rejects.toThrow(
        'resolveAuth: the challenge has no payload and chainId; set the option walletContracts of the strategy',
      )
    },
  )

  it('signs with no key that is held elsewhere', async () => {
    const { publicKey } = await network.createWalletContract('dan.test')
    const carol = await network.createWalletContract('carol.test', { publicKey: publicKey! })
    expect(carol.publicKey).toBe(publicKey)
    await expect(carol.resolveAuth(challenge)).rejects.toThrow(
      'WalletContract: the wallet does not hold a private key of this account',
    )
  })
})

describe('an account whose key signs no more, or that has none', () => {
  it('panics until signatures are allowed again', async () => {
    const carol = await network.createWalletContract('carol.test')
    const login = await carol.resolveAuth(challenge)
    carol.allowSignature(false)
    expect(await call('carol.test', login.authorization)).toBe(DISABLED)
    expect(await resolve(login)).toBeUndefined()
    carol.allowSignature(true)
    expect(await resolve(login)).toEqual({ payload: 'p', via: 'contract' })
  })

  it('has no signature that is valid', async () => {
    const carol = await network.createWalletContract('carol.test')
    const none = await network.createWalletContract('none.test', { schema: 'no-sign' })
    const authorization = carol.authorize(challenge, []).replace('carol.test', 'none.test')
    expect(await call('none.test', authorization)).toBe(DISABLED)
    none.allowSignature(true)
    expect(await call('none.test', authorization)).toBe(REJECTED)
  })
})

describe('the extensions of an account', () => {
  let carol: WalletContract
  let dan: WalletContract
  let vault: WalletContract
  beforeEach(async () => {
    carol = await network.createWalletContract('carol.test')
    dan = await network.createWalletContract('dan.test')
    vault = await network.createWalletContract('vault.test', { extensions: ['carol.test'] })
  })
  const isOpenTo = async (signer: WalletContract): Promise<boolean> =>
    (await resolve(await vault.resolveAuth(challenge, { through: signer }))) !== undefined

  it('act for it while they are enabled', async () => {
    expect(vault.extensions).toEqual(['carol.test'])
    expect([await isOpenTo(carol), await isOpenTo(dan)]).toEqual([true, false])
    vault.enableExtension('dan.test')
    expect(vault.extensions).toEqual(['carol.test', 'dan.test'])
    expect([await isOpenTo(carol), await isOpenTo(dan)]).toEqual([true, true])
    vault.disableExtension('carol.test')
    expect(vault.extensions).toEqual(['dan.test'])
    expect([await isOpenTo(carol), await isOpenTo(dan)]).toEqual([false, true])
  })

  it('may be one account, a list from the top down, or none', async () => {
    const top = await network.createWalletContract('top.test', { extensions: ['vault.test'] })
    const through = [carol, [carol], [], undefined] as const
    for (const each of through)
      expect(await resolve(await vault.resolveAuth(challenge, { through: each }))).toMatchObject(ACCEPTED)
    const login = await top.resolveAuth(challenge, { through: [vault, carol] })
    expect(await resolve(login)).toMatchObject(ACCEPTED)
    const parsed = JSON.parse(login.authorization) as { extension: Record<string, string> }
    expect(parsed.extension).toMatchObject({ account_id: 'vault.test', payload: 'p' })
    const below = JSON.parse(parsed.extension.authorization!) as typeof parsed
    expect(below.extension).toMatchObject({ account_id: 'carol.test', payload: 'p' })
  })

  it('are named to whoever asks, and nothing of what they authorize is checked', async () => {
    const extension = { account_id: 'carol.test', authorization: 'x', payload: 'q' }
    const pending = [{ account_id: 'carol.test', authorization: 'x', expect: 'q' }]
    expect(await call('vault.test', JSON.stringify({ extension }))).toEqual({ payload: 'q', pending })
  })

  const known = { account_id: 'carol.test', authorization: 'x', payload: 'p' }
  it.each([
    ['{}'],
    ['1'],
    [JSON.stringify({ other: known })],
    [JSON.stringify({ extension: null })],
    [JSON.stringify({ extension: { ...known, account_id: 1 } })],
    [JSON.stringify({ extension: { ...known, authorization: undefined } })],
    [JSON.stringify({ extension: { ...known, payload: {} } })],
    [JSON.stringify({ extension: known, other: 1 })],
    [JSON.stringify({ signature: known })],
    [JSON.stringify({ signature: { msg: {}, proof: 'x' } })],
  ])('are not read from %s', async (authorization) => {
    expect(await call('vault.test', authorization)).toBe(
      'JSON: data did not match any variant of Authorization',
    )
  })
})

describe('the reference contract', () => {
  it.each(['webauthn-p256', 'webauthn-ed25519', 'ed25519'] as const)(
    'panics for each changed byte of an authorization by %s',
    async (schema) => {
      const carol = await network.createWalletContract('carol.test', { schema })
      const { authorization } = await carol.resolveAuth(challenge)
      expect(await call('carol.test', authorization)).toEqual(ACCEPTED)
      const changed = Array.from(authorization, (_, index) => {
        const bytes = Buffer.from(authorization)
        bytes[index]! ^= 1
        return bytes.toString()
      })
      const answers = await Promise.all(changed.map((each) => call('carol.test', each)))
      expect(answers.filter((answer) => typeof answer !== 'string')).toEqual([])
    },
  )

  it('panics with its texts, in its order', async () => {
    const carol = await network.createWalletContract('carol.test')
    const { authorization } = await carol.resolveAuth(challenge)
    type Signature = { msg: Record<string, unknown>; proof?: string }
    const panic = (change: (fields: Signature) => unknown, path: string[] = []): Promise<unknown> => {
      const fields = JSON.parse(authorization) as { signature: Signature }
      change(fields.signature)
      return call('carol.test', JSON.stringify(fields), path)
    }
    const nothing = (): undefined => undefined
    expect(await panic(nothing)).toEqual(ACCEPTED)
    expect(await panic(({ msg }) => (msg.chain_id = 'testnet'))).toBe('invalid chain_id')
    expect(await panic(({ msg }) => (msg.signer_id = 'eve.test'))).toBe('invalid signer_id: eve.test')
    expect(await panic(nothing, ['vault.test'])).toBe('invalid path')
    expect(await panic(({ msg }) => (msg.path = ['vault.test']))).toBe('invalid path')
    expect(await panic(({ msg }) => (msg.path = ['vault.test']), ['other.test'])).toBe('invalid path')
    const ahead = await panic(({ msg }) => (msg.timestamp = '2100-01-01T00:00:00Z'))
    expect(ahead).toBe('message is from the future')
    expect(await panic(({ msg }) => (msg.payload = 'q'))).toBe(REJECTED)
    expect(await call('carol.test', '{')).toMatch(/^JSON: Expected property name/)
    expect(await call('carol.test', 'null')).toMatch(/^JSON: /)
    expect(await panic((fields) => delete fields.proof)).toMatch(/^JSON: /)
    const extension = { account_id: 'eve.test', authorization: '', payload: 'p' }
    const both = { ...(JSON.parse(authorization) as object), extension }
    expect(await call('carol.test', JSON.stringify(both))).toMatch(/^JSON: /)
    expect(await call('carol.test', JSON.stringify({ extension }))).toBe(
      "extension 'eve.test' is not enabled",
    )
    carol.allowSignature(false)
    expect(await panic(({ msg }) => (msg.chain_id = 'testnet'))).toBe(DISABLED)
  })

  it('takes a message of the block’s own time', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-08-05T07:29:00Z') })
    const carol = await network.createWalletContract('carol.test')
    const { authorization } = await carol.resolveAuth(challenge)
    vi.setSystemTime(Date.parse('2026-08-05T07:28:00Z'))
    expect(await call('carol.test', authorization)).toEqual(ACCEPTED)
    vi.setSystemTime(Date.parse('2026-08-05T07:27:59.999Z'))
    expect(await call('carol.test', authorization)).toBe('message is from the future')
  })
})

it('a wallet contract that cannot be is explained', async () => {
  const create = (options: object, accountId = 'x.test'): Promise<unknown> =>
    network.createWalletContract(accountId, options)
  for (const schema of ['rsa', 'toString'])
    await expect(create({ schema })).rejects.toThrow(
      "TestNetwork: there is no such schema; expected one of 'ed25519', 'webauthn-ed25519', 'webauthn-p256', 'no-sign'",
    )
  await expect(create({ publicKey: 'ed25519:1' })).rejects.toThrow(
    'TestNetwork: the public key of ed25519 must be written as ed25519:<base58>',
  )
  await expect(create({ schema: 'webauthn-p256', publicKey: `ed25519:${'1'.repeat(32)}` })).rejects.toThrow(
    'TestNetwork: the public key of webauthn-p256 must be written as p256:<base58>',
  )
  await expect(create({}, 'X')).rejects.toThrow(TypeError)
  expect(() => network.deployContract('X', () => ({}))).toThrow(TypeError)
  const none = (await create({ schema: 'no-sign' }, 'none.test')) as WalletContract
  const carol = (await create({ schema: 'webauthn-p256' }, 'carol.test')) as WalletContract
  expect(none.publicKey).toBeUndefined()
  expect(carol.publicKey).toMatch(/^p256:/)
  expect(network.walletContracts).toEqual([none, carol])
  carol.delete()
  expect(network.walletContracts).toEqual([none])
})
