import type { Challenge } from 'passport-near'
import type { SignedMessage, TestAccount } from 'passport-near/testing'

export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** A browser with its cookies. */
export class Visitor {
  readonly #cookies = new Map<string, string>()

  constructor(
    readonly url: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.headers, ...(init.headers as Record<string, string>) }
    if (this.cookie) headers.cookie = this.cookie
    const response = await fetch(this.url + path, { redirect: 'manual', ...init, headers })
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!
      if (value && !/expires=Thu, 01 Jan 1970/i.test(set)) this.#cookies.set(name!, value)
      else this.#cookies.delete(name!)
    }
    return response
  }

  async get(path: string): Promise<Reply> {
    return toReply(await this.request(path))
  }

  async post(path: string, body: unknown = {}): Promise<Reply> {
    const headers = { 'content-type': 'application/json' }
    return toReply(await this.request(path, { method: 'POST', headers, body: JSON.stringify(body) }))
  }

  /** Gets a challenge and has the account sign it. */
  async sign(account: TestAccount, path = '/login/near/challenge'): Promise<SignedMessage> {
    const response = await this.request(path)
    if (response.status !== 200) throw new Error(`${path} responded with ${response.status}`)
    return account.signMessage((await response.json()) as Challenge)
  }

  /** The whole sign-in. */
  async signIn(account: TestAccount, path = '/login/near'): Promise<Reply> {
    return this.post(path, await this.sign(account, `${path}/challenge`))
  }
}

async function toReply(response: Response): Promise<Reply> {
  const text = await response.text()
  try {
    return { status: response.status, body: JSON.parse(text) }
  } catch {
    return { status: response.status, body: text }
  }
}
