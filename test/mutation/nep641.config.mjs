import { configure } from './configure.mjs'

/** Authorizations of accounts without keys, and the wallet contracts of the testing kit. */
export default configure('nep641', {
  mutate: [
    'lib/nep641/*.ts',
    'lib/profile.ts',
    'lib/proofs/{authorization,prove}.ts',
    'lib/rpc/{call-function,view}.ts',
    'lib/testing/{contract,resolve-auth,wallet-contract,wallet-keys}.ts',
    'lib/testing/development-wallet/passkeys.ts',
  ],
  tests: [
    'test/nep641/*.test.ts',
    'test/guards/contract.test.ts',
    'test/rpc/view.test.ts',
    'test/testing/{answers,development-wallet-accounts,wallet-contract}.test.ts',
  ],
})
