import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isAccountId } from '../validate'
import type { Contract, ResolveAuthArgs, ViewFunction } from './contract'
import { WalletContract, type WalletContractOptions } from './wallet-contract'
import { createWalletKeys } from './wallet-keys'
import { TestAccount, type TestKeyOptions } from './account'
import { Chain } from './chain'
import { failure, type Failure } from './failures'
import { answer } from './rpc'
import { viewStatus } from './rpc-node'

/** Options of {@link TestNetwork.start}. */
export interface TestNetworkOptions {
  /**
   * Port on 127.0.0.1.
   *
   * @defaultValue any free port
   */
  port?: number | undefined
  /**
   * The network's name, as `status` shows it and contracts know it. A strategy that accepts wallet contracts needs its own `network`
   * here.
   *
   * @defaultValue `mainnet`
   */
  chainId?: string | undefined
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type, authorization',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
}

/**
 * A NEAR network for tests: a JSON-RPC endpoint on 127.0.0.1 that answers `query` (`view_access_key`,
 * `view_access_key_list`, `view_account`, `call_function`), `status` and `block` as nearcore does, for accounts that exist in memory. To any
 * other method or `request_type` it responds with an error that names TestNetwork and says what it answers.
 *
 * @example
 * const network = await TestNetwork.start()
 * const alice = await network.createAccount('alice.test')
 * // new NearStrategy({ recipient: 'app.example.com', rpc: network.rpcUrl }, verify)
 * await network.stop()
 */
export class TestNetwork {
  /** The endpoint's URL, for the strategy's option `rpc` and for any NEAR client. */
  readonly rpcUrl: string
  readonly #chain: Chain
  readonly #accounts = new Map<string, TestAccount>()
  readonly #walletContracts = new Map<string, WalletContract>()
  readonly #server: Server
  #failure: ReturnType<typeof failure> | undefined
  #requestCount = 0

  private constructor(server: Server, chainId: string) {
    this.#chain = new Chain(chainId)
    const { port } = server.address() as AddressInfo
    this.rpcUrl = `http://127.0.0.1:${port}`
    this.#server = server.on('request', (request, response) => {
      this.#respond(request, response).catch(() => response.destroy())
    })
  }

  /**
   * Starts a network without accounts; {@link stop} ends it.
   *
   * @throws {Error} `EADDRINUSE` if another server listens on the port
   */
  static async start({ port = 0, chainId = 'mainnet' }: TestNetworkOptions = {}): Promise<TestNetwork> {
    // With Node's 5 seconds, an idle connection often closes just when a client sends on it.
    const server = createServer({ keepAliveTimeout: 60_000 }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new TestNetwork(server, chainId)
  }

  /** Ends the endpoint and every connection to it, also those that a failure keeps waiting. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** How many JSON-RPC requests have come so far, those that were made to fail included. */
  get requestCount(): number {
    return this.#requestCount
  }

  /** The accounts that exist, in the order of their creation; deleted accounts are absent. */
  get accounts(): readonly TestAccount[] {
    return [...this.#accounts.values()].filter(({ accountId }) => this.#chain.accountExists(accountId))
  }

  /**
   * Creates an account with a full-access key, or with the one that is given.
   *
   * @throws {TypeError} if the id is not a NEAR account id: 2 to 64 characters of a-z, 0-9, and single `-`, `_`, `.` between
   * @throws {Error} if the account exists already
   */
  async createAccount(accountId: string, key: TestKeyOptions = {}): Promise<TestAccount> {
    requireAccountId(accountId)
    this.#chain.createAccount(accountId)
    const account = TestAccount.on(this.#chain, accountId, key)
    this.#accounts.delete(accountId)
    this.#accounts.set(accountId, account)
    return account
  }

  /** The wallet contracts that exist, in the order of their creation; deleted accounts are absent. */
  get walletContracts(): readonly WalletContract[] {
    return [...this.#walletContracts.values()].filter(({ accountId }) => this.#chain.accountExists(accountId))
  }

  /**
   * Creates an account without keys that has a wallet contract, as the standard's reference contract is (NEP-641).
   *
   * @throws {TypeError} if the id is not a NEAR account id, or an option is wrong
   * @throws {Error} if the account exists already
   */
  async createWalletContract(
    accountId: string,
    options: WalletContractOptions = {},
  ): Promise<WalletContract> {
    requireAccountId(accountId)
    const keys = createWalletKeys(options)
    this.#chain.createAccount(accountId)
    const contract = WalletContract.on(this.#chain, accountId, keys, options.extensions ?? [])
    this.#walletContracts.delete(accountId)
    this.#walletContracts.set(accountId, contract)
    return contract
  }

  /**
   * Deploys a contract of your own, to an account that is created if there is none: its `w_resolve_auth`, or several view functions
   * by their names. A function that throws panics with the error's text.
   *
   * @example
   * network.deployContract('dao.test', { is_member: ({ account_id }) => account_id === 'alice.test' })
   * @throws {TypeError} if the id is not a NEAR account id
   */
  deployContract(
    accountId: string,
    functions: ViewFunction<ResolveAuthArgs> | Readonly<Record<string, ViewFunction<any>>>, // eslint-disable-line @typescript-eslint/no-explicit-any -- arguments are what the caller sends
  ): void {
    requireAccountId(accountId)
    if (!this.#chain.accountExists(accountId)) this.#chain.createAccount(accountId)
    const contract = typeof functions === 'function' ? { w_resolve_auth: functions } : functions
    this.#chain.setContract(accountId, contract as Contract)
  }

  /** Makes every request from now on fail in one way, until {@link recover}; without a way it recovers. */
  fail(how?: Failure): void {
    this.#failure = how === undefined ? undefined : failure(how)
  }

  /** Answers again. */
  recover(): void {
    this.fail()
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value)
    response.setHeader('content-type', 'application/json')
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    if (request.method === 'GET' && request.url === '/status')
      return void response.end(JSON.stringify(viewStatus(this.#chain)))
    if (request.method !== 'POST') return void response.writeHead(405).end()

    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    this.#requestCount++
    const text = Buffer.concat(chunks).toString('utf8')
    const { status: code, body } = answer(this.#chain, text)
    const json = JSON.stringify(body)
    if (this.#failure) this.#failure(response, json, text)
    else response.writeHead(code).end(json)
  }
}

function requireAccountId(accountId: unknown): void {
  if (isAccountId(accountId)) return
  throw new TypeError('TestNetwork: an account id has 2 to 64 of a-z, 0-9, and single - _ . between them')
}
