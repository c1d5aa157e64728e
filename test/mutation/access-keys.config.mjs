import { configure } from './configure.mjs'

/** The key check. These tests wait for timeouts, so the run takes long. */
export default configure('access-keys', {
  mutate: ['lib/{access-keys,rpc}/*.ts'],
  tests: [
    'test/access-keys/*.test.ts',
    'test/rpc/*.test.ts',
    'test/diagnostics.test.ts',
    'test/options.test.ts',
  ],
})
