import type { IncomingMessage } from 'node:http'

// Empty, so that the global namespace exists without @types/express and @types/passport, which fill it.
declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the name is Express's
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- see above
    interface Request {}
  }
}

/**
 * The default type of a request: Node's, with the fields that Express, Passport and a body parser add. `user` is unknown without
 * `@types/passport`.
 */
export type DefaultRequest = IncomingMessage &
  Express.Request & {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as @types/express has it
    body?: any
    user?: unknown
  }
