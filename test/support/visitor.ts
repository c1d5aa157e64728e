import { Browser } from './app'

/** A browser with its own client address, as the load balancer of the site forwards it. */
export class Visitor extends Browser {
  constructor(
    url: string,
    readonly address = '203.0.113.1',
  ) {
    super(url.replace('//localhost:', '//127.0.0.1:'))
  }

  override request(path: string, init: RequestInit = {}): Promise<Response> {
    const own = { 'x-forwarded-for': this.address, accept: 'application/json' }
    return super.request(path, { ...init, headers: { ...own, ...(init.headers as Record<string, string>) } })
  }

  /** The same browser, whose next request goes to another process. */
  at(url: string): Visitor {
    return Object.assign(new Visitor(url, this.address), { cookie: this.cookie })
  }
}
