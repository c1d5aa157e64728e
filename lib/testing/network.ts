import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isAccountId } from '../credentials'
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
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type, authorization',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
}

/**
 * A NEAR network for tests: a JSON-RPC endpoint on 127.0.0.1 that answers `query` (`view_access_key`,
 * `view_access_key_list`, `view_account`), `status` and `block` as nearcore does, for accounts that exist in memory. To any
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
  readonly #chain = new Chain()
  readonly #accounts = new Map<string, TestAccount>()
  readonly #server: Server
  #failure: ReturnType<typeof failure> | undefined
  #requestCount = 0

  private constructor(server: Server) {
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
  static async start({ port = 0 }: TestNetworkOptions = {}): Promise<TestNetwork> {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new TestNetwork(server)
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
    if (typeof accountId !== 'string' || !isAccountId(accountId)) {
      throw new TypeError('TestNetwork: an account id has 2 to 64 of a-z, 0-9, and single - _ . between them')
    }
    this.#chain.createAccount(accountId)
    const account = TestAccount.on(this.#chain, accountId, key)
    this.#accounts.delete(accountId)
    this.#accounts.set(accountId, account)
    return account
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
    const { status: code, body } = answer(this.#chain, Buffer.concat(chunks).toString('utf8'))
    const json = JSON.stringify(body)
    if (this.#failure) this.#failure(response, json)
    else response.writeHead(code).end(json)
  }
}
