import { configure } from './configure.mjs'

/** The steps of a login, all but the key check. */
export default configure('login', {
  mutate: ['lib/*.ts', 'lib/stores/*.ts', '!lib/index.ts', '!lib/public-types.ts'],
  tests: [
    'test/*.test.ts',
    'test/stores/*.test.ts',
    'test/end-to-end/*.test.ts',
    'test/attacks/table.test.ts',
  ],
})
