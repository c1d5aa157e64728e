import { createHash } from 'node:crypto'
import type { AccessKeyPermission } from '../access-keys/source'
import { encodeBase58 } from '../nep413/base58'

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
}

export interface Block {
  readonly height: number
  /** Base58 of 32 bytes. */
  readonly hash: string
}

const FIRST_HEIGHT = 1

/** Accounts and their keys at every height; each change makes a block. */
export class Chain {
  #height = FIRST_HEIGHT
  readonly #accounts = new Map<string, AccountRecord>()

  get head(): Block {
    return blockAt(this.#height)
  }

  /** The block of that height or hash, or undefined if there is none. */
  find(blockId: unknown): Block | undefined {
    for (let height = this.#height; height >= FIRST_HEIGHT; height--) {
      if (blockId === height || blockId === blockAt(height).hash) return blockAt(height)
    }
    return undefined
  }

  createAccount(accountId: string): void {
    if (this.accountExists(accountId)) throw new Error(`TestNetwork: account ${accountId} exists already`)
    const createdAt = ++this.#height
    this.#accounts.set(accountId, { createdAt, deletedAt: Infinity, keys: new Map() })
  }

  deleteAccount(accountId: string): void {
    this.#account(accountId).deletedAt = ++this.#height
  }

  addKey(accountId: string, publicKey: string, permission: AccessKeyPermission): void {
    const { keys } = this.#account(accountId)
    if (this.key(accountId, publicKey)) throw new Error(`TestNetwork: ${accountId} has that key already`)
    const records = keys.get(publicKey) ?? []
    keys.set(publicKey, [...records, { publicKey, permission, addedAt: ++this.#height, removedAt: Infinity }])
  }

  deleteKey(accountId: string, publicKey: string): void {
    this.#account(accountId)
    const key = this.key(accountId, publicKey)
    if (!key) throw new Error(`TestNetwork: ${accountId} has no such key`)
    key.removedAt = ++this.#height
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

function blockAt(height: number): Block {
  return { height, hash: hashOf(`block ${height}`) }
}

function isAt(key: KeyRecord, height: number): boolean {
  return key.addedAt <= height && height < key.removedAt
}
