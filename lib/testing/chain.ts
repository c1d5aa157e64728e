import { createHash } from 'node:crypto'
import type { AccessKeyPermission } from '../access-keys/source'
import { encodeBase58 } from '../nep413/base58'
import type { Contract } from './contract'

/** A key on an account, from one block until another. */
interface KeyRecord {
  readonly publicKey: string
  readonly permission: AccessKeyPermission
  readonly addedAt: number
  removedAt: number
}

interface AccountRecord {
  readonly createdAt: number
  deletedAt: number
  /** By public key; one that was removed and added again stands there twice. */
  readonly keys: Map<string, KeyRecord[]>
  /** In the order of their heights. */
  readonly contracts: { readonly deployedAt: number; readonly contract: Contract }[]
}

export interface Block {
  readonly height: number
  /** Base58 of 32 bytes. */
  readonly hash: string
  /** In milliseconds since 1970. The latest block is of now; an earlier one keeps its time. */
  readonly time: number
}

const FIRST_HEIGHT = 1

/** Accounts, their keys and their contracts at every height; each change makes a block. */
export class Chain {
  #height = FIRST_HEIGHT
  /** Of each block but the latest. */
  readonly #times = new Map<number, number>()
  readonly #accounts = new Map<string, AccountRecord>()

  /** @param chainId - the network's name, as wallets and contracts know it */
  constructor(readonly chainId: string) {}

  get head(): Block {
    return this.#block(this.#height)
  }

  /** The block of that height or hash, or undefined if there is none. */
  find(blockId: unknown): Block | undefined {
    for (let height = this.#height; height >= FIRST_HEIGHT; height--) {
      if (blockId === height || blockId === hashAt(height)) return this.#block(height)
    }
    return undefined
  }

  createAccount(accountId: string): void {
    if (this.accountExists(accountId)) throw new Error(`TestNetwork: account ${accountId} exists already`)
    const createdAt = this.#nextHeight()
    this.#accounts.set(accountId, { createdAt, deletedAt: Infinity, keys: new Map(), contracts: [] })
  }

  deleteAccount(accountId: string): void {
    this.#account(accountId).deletedAt = this.#nextHeight()
  }

  addKey(accountId: string, publicKey: string, permission: AccessKeyPermission): void {
    const { keys } = this.#account(accountId)
    if (this.key(accountId, publicKey)) throw new Error(`TestNetwork: ${accountId} has that key already`)
    const records = keys.get(publicKey) ?? []
    const addedAt = this.#nextHeight()
    keys.set(publicKey, [...records, { publicKey, permission, addedAt, removedAt: Infinity }])
  }

  deleteKey(accountId: string, publicKey: string): void {
    this.#account(accountId)
    const key = this.key(accountId, publicKey)
    if (!key) throw new Error(`TestNetwork: ${accountId} has no such key`)
    key.removedAt = this.#nextHeight()
  }

  /** Deploys a contract, or replaces it by one with another state. */
  setContract(accountId: string, contract: Contract): void {
    this.#account(accountId).contracts.push({ deployedAt: this.#nextHeight(), contract })
  }

  contract(accountId: string, height = this.#height): Contract | undefined {
    if (!this.accountExists(accountId, height)) return undefined
    return this.#accounts.get(accountId)!.contracts.findLast(({ deployedAt }) => deployedAt <= height)
      ?.contract
  }

  accountExists(accountId: string, height = this.#height): boolean {
    const account = this.#accounts.get(accountId)
    return account !== undefined && account.createdAt <= height && height < account.deletedAt
  }

  /** The account's keys at a height; none where the account does not exist. */
  keys(accountId: string, height = this.#height): readonly KeyRecord[] {
    if (!this.accountExists(accountId, height)) return []
    return [...this.#accounts.get(accountId)!.keys.values()].flat().filter((key) => isAt(key, height))
  }

  key(accountId: string, publicKey: string, height = this.#height): KeyRecord | undefined {
    if (!this.accountExists(accountId, height)) return undefined
    return this.#accounts
      .get(accountId)!
      .keys.get(publicKey)
      ?.find((key) => isAt(key, height))
  }

  #nextHeight(): number {
    this.#times.set(this.#height, Date.now())
    return ++this.#height
  }

  #block(height: number): Block {
    return { height, hash: hashAt(height), time: this.#times.get(height) ?? Date.now() }
  }

  #account(accountId: string): AccountRecord {
    const account = this.#accounts.get(accountId)
    if (!account || !this.accountExists(accountId)) {
      throw new Error(`TestNetwork: account ${accountId} does not exist`)
    }
    return account
  }
}

/** @internal Base58 of a hash that stands for something which the test network does not have. */
export function hashOf(text: string): string {
  return encodeBase58(createHash('sha256').update(text).digest())
}

function hashAt(height: number): string {
  return hashOf(`block ${height}`)
}

function isAt(key: KeyRecord, height: number): boolean {
  return key.addedAt <= height && height < key.removedAt
}
