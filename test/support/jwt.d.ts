// What the tests use of two packages without types.
declare module 'jsonwebtoken' {
  const jwt: { sign(payload: object, secret: string, options: object): string }
  export default jwt
}

declare module 'passport-jwt' {
  type Done = (error: unknown, user?: object | false) => void

  export const ExtractJwt: { fromAuthHeaderAsBearerToken(): unknown }
  export class Strategy {
    constructor(options: object, verify: (payload: { sub: string }, done: Done) => void)
    authenticate(): void
  }
}
