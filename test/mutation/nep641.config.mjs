import { configure } from './configure.mjs'

/** Authorizations of accounts without keys. */
export default configure('nep641', {
  mutate: ['lib/nep641/*.ts', 'lib/proofs/authorization.ts', 'lib/rpc/{call-function,view}.ts'],
  tests: ['test/nep641/*.test.ts', 'test/rpc/view.test.ts'],
})
