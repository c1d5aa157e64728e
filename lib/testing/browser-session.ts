import { createHash, randomBytes } from 'node:crypto'

/**
 * A request as express-session leaves it: the session's id and its content. It also has what a client without cookies sends (PKCE): a code
 * challenge for `issue`, and its verifier for `consume`. Each browser has its own.
 */
export interface SessionRequest {
  sessionID: string
  session: Record<string, unknown>
  query: { codeChallenge: string }
  body: { codeVerifier: string }
}

/**
 * One browser's session, as session middleware keeps it: each request gets a copy of the whole session, and writes it back at its end.
 */
export class BrowserSession {
  #id = newId()
  #content = '{}'
  readonly #codeVerifier = randomBytes(32).toString('base64url')

  /** A request of this browser. Changes that other requests have not saved are not in it. */
  request(): SessionRequest {
    const codeVerifier = this.#codeVerifier
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
    const req: SessionRequest = {
      sessionID: this.#id,
      session: {},
      query: { codeChallenge },
      body: { codeVerifier },
    }
    req.session = openSession(req, JSON.parse(this.#content) as object)
    return req
  }

  /** Ends a request, and saves its session. */
  save(req: SessionRequest): void {
    this.#id = req.sessionID
    this.#content = JSON.stringify(req.session)
  }
}

function openSession(req: SessionRequest, content: object): Record<string, unknown> {
  const regenerate = (callback: (error?: unknown) => void): void => {
    req.sessionID = newId()
    req.session = openSession(req, {})
    callback()
  }
  return Object.defineProperties(content as Record<string, unknown>, {
    id: { value: req.sessionID },
    regenerate: { value: regenerate, configurable: true, writable: true },
  })
}

function newId(): string {
  return randomBytes(24).toString('base64url')
}
