import {
  createHash,
  createPublicKey,
  ECDH,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { decodeBase58, encodeBase58 } from '../nep413/base58'
import { verifyEd25519 } from '../nep413/ed25519'

/** How a wallet contract's key signs. `no-sign` has no key: only extensions act for the account. */
export type WalletSchema = 'webauthn-p256' | 'webauthn-ed25519' | 'ed25519' | 'no-sign'

/** @internal A wallet contract's key pair: the contract has the public key, the wallet the private key. */
export interface WalletKeys {
  /** `<curve>:<base58>`; undefined without a key. */
  readonly publicKey: string | undefined
  readonly schema: WalletSchema
  /** Signs a hash; undefined if the private key is elsewhere. */
  readonly prove: ((hash: Uint8Array) => string) | undefined
}

/** @internal @throws {TypeError} when an option is wrong */
export function createWalletKeys({
  schema = 'ed25519',
  publicKey,
}: {
  schema?: WalletSchema | undefined
  publicKey?: string | undefined
}): WalletKeys {
  if (schema === 'no-sign') return { schema, publicKey: undefined, prove: undefined }
  if (!Object.hasOwn(CURVES, schema)) {
    const known = [...Object.keys(CURVES), 'no-sign'].map((each) => `'${each}'`).join(', ')
    throw new TypeError(`TestNetwork: there is no such schema; expected one of ${known}`)
  }
  const curve = CURVES[schema]
  if (publicKey !== undefined) {
    if (!readBytes(publicKey, curve.name, curve.keySize))
      throw new TypeError(
        `TestNetwork: the public key of ${schema} must be written as ${curve.name}:<base58>`,
      )
    return { schema, publicKey, prove: undefined }
  }
  const pair = curve.generate()
  const signRaw = (data: Uint8Array): string =>
    `${curve.name}:${encodeBase58(curve.sign(data, pair.privateKey))}`
  const prove = (hash: Uint8Array): string =>
    schema === 'ed25519' ? signRaw(hash) : signWebAuthn(hash, signRaw)
  return { schema, publicKey: `${curve.name}:${encodeBase58(pair.publicKey)}`, prove }
}

/** @internal Whether a proof is a signature by this key over a hash. The check is that of NEAR's reference contract. */
export function verifyProof({ schema, publicKey }: WalletKeys, hash: Uint8Array, proof: string): boolean {
  if (schema === 'no-sign') return false
  const curve = CURVES[schema]
  const key = readBytes(publicKey!, curve.name, curve.keySize)!
  const isSigned = (data: Uint8Array, signature: unknown): boolean => {
    const bytes = typeof signature === 'string' ? readBytes(signature, curve.name, 64) : undefined
    return bytes !== undefined && curve.verify(data, bytes, key)
  }
  return schema === 'ed25519' ? isSigned(hash, proof) : verifyWebAuthn(hash, proof, isSigned)
}

interface Curve {
  readonly name: string
  /** In bytes. */
  readonly keySize: number
  readonly generate: () => { readonly publicKey: Uint8Array; readonly privateKey: KeyObject }
  readonly sign: (data: Uint8Array, privateKey: KeyObject) => Uint8Array
  readonly verify: (data: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean
}

const ED25519: Curve = {
  name: 'ed25519',
  keySize: 32,
  generate() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    return { publicKey: exportTail(publicKey, 32), privateKey }
  },
  sign: (data, privateKey) => sign(null, data, privateKey),
  verify: verifyEd25519,
}

const P256: Curve = {
  name: 'p256',
  keySize: 33,
  generate() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const compressed = ECDH.convertKey(
      exportTail(publicKey, 65),
      'prime256v1',
      undefined,
      undefined,
      'compressed',
    )
    return { publicKey: compressed as Buffer, privateKey }
  },
  sign: (data, key) => toLowS(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })),
  verify: (data, signature, publicKey) =>
    toLowS(signature).equals(signature) &&
    verify('sha256', data, { key: importP256(publicKey), dsaEncoding: 'ieee-p1363' }, signature),
}

const CURVES: Readonly<Record<Exclude<WalletSchema, 'no-sign'>, Curve>> = {
  ed25519: ED25519,
  'webauthn-ed25519': ED25519,
  'webauthn-p256': P256,
}

/** Not as JWK: on Node 20 a garbage collection during that export deadlocks the thread. The last bytes are the key. */
function exportTail(key: KeyObject, size: number): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-size)
}

function importP256(compressed: Uint8Array): KeyObject {
  const point = ECDH.convertKey(compressed, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) => each.toString('base64url'))
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' })
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The signature with the lower S. Each P-256 signature has a second valid form with another S. @internal */
export function toLowS(signature: Uint8Array): Buffer {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
  const low = s > P256_ORDER / 2n ? P256_ORDER - s : s
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(low.toString(16).padStart(64, '0'), 'hex')])
}

const ORIGIN = 'https://wallet.test'
const FLAGS = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10 } as const
const MIN_AUTHENTICATOR_DATA = 37

/** An authenticator signs a digest of two parts: the page's data and the authenticator's data. */
function signWebAuthn(hash: Uint8Array, signRaw: (data: Uint8Array) => string): string {
  const clientData = JSON.stringify({
    type: 'webauthn.get',
    challenge: Buffer.from(hash).toString('base64url'),
    origin: ORIGIN,
    crossOrigin: false,
  })
  const rpIdHash = sha256(new URL(ORIGIN).hostname)
  const flags = FLAGS.userPresent | FLAGS.userVerified
  const authenticatorData = Buffer.concat([rpIdHash, Buffer.from([flags]), Buffer.alloc(4)])
  return JSON.stringify({
    authenticator_data: authenticatorData.toString('base64url'),
    client_data_json: clientData,
    signature: signRaw(Buffer.concat([authenticatorData, sha256(clientData)])),
  })
}

function verifyWebAuthn(
  hash: Uint8Array,
  proof: string,
  isSigned: (data: Uint8Array, signature: unknown) => boolean,
): boolean {
  const { authenticator_data, client_data_json, signature } = parseObject(proof)
  if (typeof authenticator_data !== 'string' || typeof client_data_json !== 'string') return false
  const authenticatorData = Buffer.from(authenticator_data, 'base64url')
  if (authenticatorData.toString('base64url') !== authenticator_data) return false
  if (authenticatorData.length < MIN_AUTHENTICATOR_DATA) return false
  const flags = authenticatorData[32]!
  if (!(flags & FLAGS.userPresent) || (flags & FLAGS.backedUp && !(flags & FLAGS.backupEligible)))
    return false
  const { type, challenge } = parseObject(client_data_json)
  if (type !== 'webauthn.get' || challenge !== Buffer.from(hash).toString('base64url')) return false
  return isSigned(Buffer.concat([authenticatorData, sha256(client_data_json)]), signature)
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const sha256 = (data: string): Buffer => createHash('sha256').update(data).digest()

/** The bytes of `<name>:<base58>`, or undefined if the text is not of this form and size. */
function readBytes(text: string, name: string, size: number): Uint8Array | undefined {
  if (!text.startsWith(`${name}:`)) return undefined
  const bytes = decodeBase58(text.slice(name.length + 1))
  return bytes?.length === size ? bytes : undefined
}
