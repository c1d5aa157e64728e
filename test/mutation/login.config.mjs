import { configure } from './configure.mjs'

/** The steps of a login except the key check. */
export default configure('login', {
  mutate: [
    'lib/*.ts',
    'lib/{challenges,nep413,proofs}/*.ts',
    '!lib/index.ts',
    '!lib/public-{types,values}.ts',
    // In nep641.config.
    '!lib/profile.ts',
    '!lib/proofs/{authorization,prove}.ts',
  ],
  tests: [
    'test/*.test.ts',
    'test/{challenges,nep413}/*.test.ts',
    'test/end-to-end/*.test.ts',
    'test/nep641/options.test.ts',
    'test/attacks/table.test.ts',
  ],
})
