import { configure } from './configure.mjs'

/** The testing kit of the package. */
export default configure('testing', {
  mutate: [
    'lib/testing/*.ts',
    '!lib/testing/index.ts',
    // In nep641.config.
    '!lib/testing/{contract,resolve-auth,wallet-contract,wallet-keys}.ts',
  ],
  tests: ['test/testing/*.test.ts', 'test/end-to-end/*.test.ts'],
})
