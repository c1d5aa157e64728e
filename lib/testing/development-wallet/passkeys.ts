import { ECDH } from 'node:crypto'
import { encodeBase58 } from '../../nep413/base58'
import { hashOffchainMessage, isOffchainMessage, type OffchainMessage } from '../../nep641/message'
import type { TestAccount } from '../account'
import type { TestNetwork } from '../network'
import { createMessage, wrapInExtensions } from '../resolve-auth'
import type { WalletContract } from '../wallet-contract'
import { toLowS } from '../wallet-keys'
import type { ResolveAuthRequest } from './requests'

type Fields = Readonly<Record<string, unknown>>

/** What the browser's passkey has to sign, or the authorization. */
export type AuthorizationStep =
  | { readonly passkey: { readonly credentialId: string; readonly challenge: string; readonly msg: object } }
  | { readonly accountId: string; readonly authorization: string }

/** COSE's numbers for the two kinds of key. */
const SCHEMAS: ReadonlyMap<unknown, 'webauthn-p256' | 'webauthn-ed25519'> = new Map([
  [-7, 'webauthn-p256'],
  [-8, 'webauthn-ed25519'],
])

/** How many accounts may stand above the one that signs. */
const MAX_LEVELS = 8

/** The accounts without keys of the wallet. Their passkeys are the browser's: this process has only the public halves. */
export class Passkeys {
  readonly #network: TestNetwork
  /** By the account's id. */
  readonly #credentialIds = new Map<string, string>()

  constructor(network: TestNetwork) {
    this.#network = network
  }

  /** The accounts for which the wallet can authorize, those with keys first. */
  get accountIds(): string[] {
    const { accounts, walletContracts } = this.#network
    return [...accounts, ...walletContracts].map(({ accountId }) => accountId)
  }

  /** @throws {Error} when a field is wrong, or the account exists already */
  async create({ accountId, credentialId, publicKey, algorithm }: Fields): Promise<WalletContract> {
    const schema = SCHEMAS.get(algorithm)
    if (!schema || typeof credentialId !== 'string' || typeof publicKey !== 'string')
      throw new Error('The browser made no passkey that the wallet can use.')
    const key = readPublicKey(Buffer.from(publicKey, 'base64url'), schema)
    const created = await this.#network.createWalletContract(accountId as string, { schema, publicKey: key })
    this.#credentialIds.set(created.accountId, credentialId)
    return created
  }

  /** Creates an account that another one controls. */
  async createShared({ accountId, controlledBy }: Fields): Promise<WalletContract> {
    if (!this.accountIds.includes(controlledBy as string))
      throw new Error('Choose the account that controls it.')
    const extensions = [controlledBy as string]
    return this.#network.createWalletContract(accountId as string, { schema: 'no-sign', extensions })
  }

  /** Authorizes a payload. A passkey needs two steps: the browser signs in between. */
  authorize(accountId: string, request: ResolveAuthRequest, { msg, assertion }: Fields): AuthorizationStep {
    const signers = this.#signersOf(accountId)
    const ids = signers.map((each) => each.accountId)
    const lowest = signers.at(-1)!
    const path = ids.slice(0, -1).reverse()
    const credentialId = this.#credentialIds.get(lowest.accountId)
    if (credentialId === undefined) {
      const authorization = wrapInExtensions(ids, lowest.authorize(request, path), request.payload)
      return { accountId, authorization }
    }
    if (!isOffchainMessage(msg)) {
      const toSign = createMessage(lowest.accountId, request, path)
      return { passkey: { credentialId, challenge: challengeOf(toSign), msg: toSign } }
    }
    const isEd25519 = (lowest as WalletContract).publicKey!.startsWith('ed25519:')
    const signed = JSON.stringify({ signature: { msg, proof: proofOf(assertion as Fields, isEd25519) } })
    return { accountId, authorization: wrapInExtensions(ids, signed, request.payload) }
  }

  /** The account and those that sign for it, from the top down. */
  #signersOf(accountId: string): (TestAccount | WalletContract)[] {
    const { accounts, walletContracts } = this.#network
    const all = [...accounts, ...walletContracts]
    const signers: (TestAccount | WalletContract)[] = []
    let next: string | undefined = accountId
    while (next !== undefined && signers.length <= MAX_LEVELS) {
      const account = all.find((each) => each.accountId === next)
      if (!account) break
      signers.push(account)
      if (account.publicKey !== undefined) return signers
      next = (account as WalletContract).extensions[0]
    }
    throw new Error('The test network has no account that can sign for this one.')
  }
}

function challengeOf(msg: OffchainMessage): string {
  return Buffer.from(hashOffchainMessage(msg)).toString('base64url')
}

/** From the DER of a SubjectPublicKeyInfo, in which the key comes last. */
function readPublicKey(spki: Buffer, schema: 'webauthn-p256' | 'webauthn-ed25519'): string {
  if (schema === 'webauthn-ed25519') return `ed25519:${encodeBase58(spki.subarray(-32))}`
  const point = spki.subarray(-65)
  const compressed = ECDH.convertKey(point, 'prime256v1', undefined, undefined, 'compressed') as Buffer
  return `p256:${encodeBase58(compressed)}`
}

/** The proof that the standard's contract takes, made of a browser's answer. */
function proofOf({ authenticatorData, clientData, signature }: Fields, isEd25519: boolean): string {
  const bytes = Buffer.from(String(signature), 'base64url')
  const encoded = isEd25519
    ? `ed25519:${encodeBase58(bytes)}`
    : `p256:${encodeBase58(toLowS(readDer(bytes)))}`
  return JSON.stringify({
    authenticator_data: String(authenticatorData),
    client_data_json: String(clientData),
    signature: encoded,
  })
}

/** The two numbers of an ECDSA signature in DER, 32 bytes each. */
function readDer(der: Buffer): Buffer {
  const numbers: Buffer[] = []
  for (let start = 2; numbers.length < 2; start += 2 + der[start + 1]!) {
    const number = der.subarray(start + 2, start + 2 + der[start + 1]!)
    numbers.push(Buffer.concat([Buffer.alloc(32), number]).subarray(-32))
  }
  return Buffer.concat(numbers)
}
