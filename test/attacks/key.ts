import { createHash } from 'node:crypto'
import bs58 from 'bs58'
import { Wallet, type KeyPairType, type Login } from '../support/wallet'
import type { Attack, Theme } from './row'
import { json } from './stage'

const badSignature: Attack['refused'] = [401, 'ERR_NEAR_SIGNATURE_INVALID']
const badForm: Attack['refused'] = [400, 'ERR_NEAR_CREDENTIALS_INVALID']
const limited: Attack['refused'] = [401, 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS']
const noKey: Attack['refused'] = [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND']

/** One wallet for each type of key: near-api-js takes 20 ms to make an ML-DSA-65 key, and writes it in base58 several times. */
const wallets = new Map<KeyPairType, Wallet>()
function walletOf(type: KeyPairType): Wallet {
  const wallet = wallets.get(type) ?? new Wallet(type)
  wallets.set(type, wallet)
  return wallet
}

/** A good login with a key of the given type, changed in one respect. */
const forged = (
  row: Pick<Attack, 'by' | 'holds' | 'tries' | 'twin'> & { refused: Attack['refused'] },
  change: (login: Login) => Partial<Login>,
  type: KeyPairType = 'ED25519',
): Attack => ({
  ...row,
  async play({ alice, open }, attack) {
    const wallet = walletOf(type)
    alice.addKey({ publicKey: wallet.publicKey })
    const browser = open()
    const login = wallet.answer('alice.test', await browser.challenge())
    return json(browser, attack ? { ...login, ...change(login) } : login)
  },
})

const signature = (change: (bytes: Buffer) => Uint8Array) => (login: Login) => ({
  signature: Buffer.from(change(Buffer.from(login.signature, 'base64'))).toString('base64'),
})

const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const bigEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytes32 = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(64, '0'), 'hex')

/** The same signature with the group order added to S: the verification equation still holds. */
const addOrder = (bytes: Buffer): Buffer => {
  const s = bigEndian(Buffer.from(bytes.subarray(32)).reverse()) + ED25519_ORDER
  return Buffer.concat([bytes.subarray(0, 32), bytes32(s).reverse()])
}

/** The same secp256k1 signature with the negated S and the matching recovery byte. */
const highS = (bytes: Buffer): Buffer => {
  const s = SECP256K1_ORDER - bigEndian(bytes.subarray(32, 64))
  return Buffer.concat([bytes.subarray(0, 32), bytes32(s), Buffer.from([bytes[64]! ^ 1])])
}

const withRecoveryByte =
  (next: (byte: number) => number) =>
  (bytes: Buffer): Buffer =>
    Buffer.concat([bytes.subarray(0, 64), Buffer.from([next(bytes[64]!)])])

/**
 * Keys of small order. With R of small order and S = 0, such a key has a valid signature for about one
 * message in eight, or for every message.
 */
const SMALL_ORDER: [string, string][] = [
  ['1', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['4', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['4, negated', '0000000000000000000000000000000000000000000000000000000000000080'],
  ['8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['8, the second', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['8, the third', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['8, the fourth', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ['1, not canonical', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['1, not canonical, with a sign bit', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['1, with a sign bit', '0100000000000000000000000000000000000000000000000000000000000080'],
  ['2, with a sign bit', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['4, not canonical', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['4, not canonical, negated', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
]

const smallOrder = ([order, hex]: [string, string]): Attack => ({
  by: `A person who added a key of small order (${order}) to an account, or found one on it`,
  holds: 'no private key, because none is needed',
  tries: 'signs with S = 0 and an R of small order',
  refused: badSignature,
  twin: 'an ordinary key and a signature by that key',
  async play({ alice, open }, attack) {
    const wallet = new Wallet()
    const publicKey = attack ? `ed25519:${bs58.encode(Buffer.from(hex, 'hex'))}` : wallet.publicKey
    alice.addKey({ publicKey })
    const browser = open()
    const login = wallet.answer('alice.test', await browser.challenge())
    const forgery = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(32)]).toString('base64')
    return json(browser, attack ? { ...login, publicKey, signature: forgery } : login)
  },
})

/** Another spelling of a key is still the same key, whatever the node's response for it. */
const removed = (how: string, spell: (publicKey: string) => string): Attack => ({
  by: 'A thief of a key that was then removed',
  holds: 'that key',
  tries: `spells it ${how}`,
  refused: noKey,
  asks: 1,
  twin: 'the key is still on the account (and `verify` gets its canonical spelling)',
  async play({ alice, open }, attack) {
    const browser = open()
    const stolen = alice.addKey()
    const login = await alice.signMessage(await browser.challenge(), { publicKey: stolen })
    if (attack) alice.deleteKey(stolen)
    return json(browser, { ...login, publicKey: spell(stolen) })
  },
})

const permission = (
  attack: 'FunctionCall' | 'GasKeyFunctionCall',
  twin: 'FullAccess' | 'GasKeyFullAccess',
): Attack => ({
  by: 'An application to which Alice gave a key',
  holds: `a key with the permission ${attack}`,
  tries: 'signs in as Alice',
  refused: limited,
  asks: 1,
  twin: `the key's permission is ${twin}`,
  async play({ alice, open }, isAttack) {
    const publicKey = alice.addKey({ permission: isAttack ? attack : twin })
    const browser = open()
    return json(browser, await alice.signMessage(await browser.challenge(), { publicKey }))
  },
})

const spelling = (how: string, spell: (publicKey: string) => string, type: KeyPairType = 'ED25519'): Attack =>
  forged(
    {
      by: 'A person who wants two names for one key',
      holds: `a good login with a key of type ${type.toLowerCase()}`,
      tries: `spells the key ${how}`,
      refused: badForm,
      twin: 'the key as the wallet spells it',
    },
    ({ publicKey }) => ({ publicKey: spell(publicKey) }),
    type,
  )

const leftOver = (
  how: string,
  change: (login: Login) => Partial<Login>,
  type: KeyPairType = 'ED25519',
): Attack =>
  forged(
    {
      by: 'A person who wants two forms of one signature',
      holds: `a good login with a key of type ${type.toLowerCase()}`,
      tries: `sends the signature ${how}`,
      refused: badForm,
      twin: 'the signature as the wallet made it',
    },
    change,
    type,
  )

const malleable = (how: string, change: (bytes: Buffer) => Uint8Array, type: KeyPairType): Attack =>
  forged(
    {
      by: 'A person who wants two forms of one signature',
      holds: `a good login with a key of type ${type.toLowerCase()}`,
      tries: `sends the signature with ${how}`,
      refused: badSignature,
      twin: 'the signature as the wallet made it',
    },
    signature(change),
    type,
  )

const downgrade = (
  tries: string,
  refused: Attack['refused'],
  change: (login: Login) => Partial<Login>,
  type: KeyPairType,
): Attack =>
  forged(
    {
      by: 'A person who prefers to attack another key type',
      holds: `a good login with a key of type ${type.toLowerCase()}`,
      tries,
      refused,
      twin: "the key's real type",
    },
    change,
    type,
  )

const afterColon = (text: string): string => text.slice(text.indexOf(':') + 1)

export const key: Theme = {
  title: 'Keys and signatures',
  rows: [
    permission('FunctionCall', 'FullAccess'),
    permission('GasKeyFunctionCall', 'GasKeyFullAccess'),
    removed('as the chain spells it', (publicKey) => publicKey),
    removed('`ED25519:`', (publicKey) => publicKey.replace('ed25519', 'ED25519')),
    removed('without a prefix', afterColon),
    {
      by: 'An application to which Alice gave a function-call key',
      holds: "that key, and Alice's full-access public key",
      tries: 'signs with the first and names the second',
      refused: badSignature,
      twin: 'the named key has signed',
      async play({ alice, open }, attack) {
        const limitedKey = alice.addKey({ permission: 'FunctionCall' })
        const browser = open()
        const challenge = await browser.challenge()
        const login = await alice.signMessage(challenge, attack ? { publicKey: limitedKey } : {})
        return json(browser, { ...login, publicKey: alice.publicKey })
      },
    },
    ...SMALL_ORDER.map(smallOrder),
    spelling('with a leading zero', (publicKey) => publicKey.replace(':', ':1')),
    spelling('with a space before it', (publicKey) => ` ${publicKey}`),
    spelling('followed by a line break', (publicKey) => `${publicKey}\n`),
    spelling('with its prefix twice', (publicKey) => `ed25519:${publicKey}`),
    spelling('with an empty prefix', (publicKey) => `:${afterColon(publicKey)}`),
    spelling(
      'in base64',
      (publicKey) => `ed25519:${Buffer.from(bs58.decode(afterColon(publicKey))).toString('base64')}`,
    ),
    spelling('in hex', (publicKey) => Buffer.from(bs58.decode(afterColon(publicKey))).toString('hex')),
    spelling('with a character outside the base58 alphabet', (publicKey) => `${publicKey.slice(0, -1)}0`),
    spelling('without its prefix, which is optional only for Ed25519', afterColon, 'SECP256K1'),
    spelling(
      'with a Kelvin sign, which lower-cases to k',
      (publicKey) => publicKey.replace('k', '\u212a'),
      'SECP256K1',
    ),
    spelling('with a prefix of 90 kB', (publicKey) => `${'e'.repeat(90_000)}${publicKey}`),
    leftOver(
      'with an extra byte at the end',
      signature((bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
    ),
    leftOver(
      'with an extra byte at the start',
      signature((bytes) => Buffer.concat([Buffer.alloc(1), bytes])),
    ),
    leftOver(
      'without its last byte',
      signature((bytes) => bytes.subarray(0, -1)),
    ),
    leftOver(
      'twice',
      signature((bytes) => Buffer.concat([bytes, bytes])),
    ),
    leftOver('followed by a line break', (login) => ({ signature: `${login.signature}\n` })),
    leftOver('with one padding character too many', (login) => ({ signature: `${login.signature}=` })),
    leftOver('with one padding character missing', (login) => ({ signature: login.signature.slice(0, -1) })),
    leftOver('with a non-zero trailing bit', (login) => ({
      signature: login.signature.replace(/.==$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}==`),
    })),
    leftOver('with a NUL in it', (login) => ({ signature: login.signature.replace(/^(.{9})/, '$1\0') })),
    leftOver(
      'with an extra byte at the end',
      signature((bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
      'SECP256K1',
    ),
    leftOver(
      'without its recovery byte',
      signature((bytes) => bytes.subarray(0, 64)),
      'SECP256K1',
    ),
    leftOver(
      'with an extra byte at the end',
      signature((bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
      'ml-dsa-65',
    ),
    leftOver(
      'without its last byte',
      signature((bytes) => bytes.subarray(0, -1)),
      'ml-dsa-65',
    ),
    malleable('the group order added to S', addOrder, 'ED25519'),
    malleable('the high S', highS, 'SECP256K1'),
    malleable(
      'the other recovery byte',
      withRecoveryByte((byte) => byte ^ 1),
      'SECP256K1',
    ),
    malleable(
      "Ethereum's recovery byte",
      withRecoveryByte((byte) => byte + 27),
      'SECP256K1',
    ),
    malleable(
      'a recovery byte of 255',
      withRecoveryByte(() => 255),
      'SECP256K1',
    ),
    malleable('one bit flipped', (bytes) => bytes.fill(bytes[100]! ^ 1, 100, 101), 'ml-dsa-65'),
    downgrade(
      'names the key as an Ed25519 key',
      badForm,
      ({ publicKey }) => ({ publicKey: `ed25519:${afterColon(publicKey)}` }),
      'SECP256K1',
    ),
    downgrade(
      'names the first half of the key as an Ed25519 key, with a signature of that length',
      badSignature,
      ({ publicKey, signature }) => ({
        publicKey: `ed25519:${bs58.encode(bs58.decode(afterColon(publicKey)).subarray(0, 32))}`,
        signature: Buffer.from(signature, 'base64').subarray(0, 64).toString('base64'),
      }),
      'SECP256K1',
    ),
    downgrade(
      'names the key as a secp256k1 key',
      badForm,
      ({ publicKey }) => ({ publicKey: `secp256k1:${afterColon(publicKey)}` }),
      'ED25519',
    ),
    downgrade(
      'names the key as an Ed25519 key',
      badForm,
      ({ publicKey }) => ({ publicKey: `ed25519:${afterColon(publicKey)}` }),
      'ml-dsa-65',
    ),
    downgrade(
      'names the hash of the key, as key lists show it',
      badForm,
      ({ publicKey }) => ({
        publicKey: `ml-dsa-65-hash:${bs58.encode(
          createHash('sha256')
            .update(bs58.decode(afterColon(publicKey)))
            .digest(),
        )}`,
      }),
      'ml-dsa-65',
    ),
    downgrade(
      'names an unknown key type',
      badForm,
      ({ publicKey }) => ({ publicKey: `none:${afterColon(publicKey)}` }),
      'ED25519',
    ),
    downgrade(
      'names a key type that is a property of every JavaScript object',
      badForm,
      ({ publicKey }) => ({ publicKey: `constructor:${afterColon(publicKey)}` }),
      'ED25519',
    ),
    downgrade(
      'gives the signature the prefix of another type',
      badForm,
      ({ signature }) => ({ signature: `secp256k1:${bs58.encode(Buffer.from(signature, 'base64'))}` }),
      'ED25519',
    ),
    {
      by: 'Mallory',
      holds: 'an Ed25519 key of her own; the account has a key of type ml-dsa-65',
      tries: 'signs with her key as if it were a weaker key of that account',
      refused: noKey,
      asks: 1,
      twin: "the account's own key",
      async play({ network, open }, attack) {
        const [strong, weak] = [new Wallet('ml-dsa-65'), new Wallet()]
        await network.createAccount('careful.test', { publicKey: strong.publicKey })
        const browser = open()
        return json(browser, (attack ? weak : strong).answer('careful.test', await browser.challenge()))
      },
    },
  ],
}
