import type { Challenge } from 'passport-near'
import type { SignedMessage, TestAccount } from 'passport-near/testing'

export interface Reply {
  status: number
  body: unknown
}

/** A browser with all its cookies, and the requests of a sign-in page. */
export class Visitor {
  cookies = new Map<string, string>()

  constructor(readonly url: string) {}

  /** A copy of the browser in its current state, like the one of a cookie thief. */
  copy(): Visitor {
    const other = new Visitor(this.url)
    other.cookies = new Map(this.cookies)
    return other
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.url + path, {
      redirect: 'manual',
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) },
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!
      if (value && !/expires=Thu, 01 Jan 1970/i.test(set)) this.cookies.set(name!, value)
      else this.cookies.delete(name!)
    }
    return response
  }

  async get(path: string): Promise<Reply> {
    return reply(await this.request(path))
  }

  async post(path: string, body: unknown): Promise<Reply> {
    return reply(await this.postRaw(path, body))
  }

  postRaw(path: string, body: unknown): Promise<Response> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  /** Requests a challenge and has the account sign it. */
  async sign(account: TestAccount, path = '/login/near/challenge'): Promise<SignedMessage> {
    const response = await this.request(path)
    if (response.status !== 200) throw new Error(`${path} responded with ${response.status}`)
    return account.signMessage((await response.json()) as Challenge)
  }
}

async function reply(response: Response): Promise<Reply> {
  const text = await response.text()
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    // Some responses are a bare status text.
  }
  return { status: response.status, body }
}
