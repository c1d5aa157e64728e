declare module 'passport-strategy' {
  /** The base class of Passport's strategies: it has an `authenticate` that must be overridden, and no more. */
  class Strategy {
    authenticate(req: object, options?: object): void
  }
  export default Strategy
  export { Strategy }
}
