import { configure } from './configure.mjs'

/** The testing kit of the package. */
export default configure('testing', {
  mutate: ['lib/testing/*.ts', '!lib/testing/index.ts'],
  tests: ['test/testing/*.test.ts', 'test/end-to-end/*.test.ts'],
})
