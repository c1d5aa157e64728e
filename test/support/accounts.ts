import type { TestAccount, TestKeyOptions, TestNetwork } from 'passport-near/testing'

let count = 0

/** An account id of its own for each call: a second try of a test does not meet the account of the first. */
export const newAccountId = (name: string): string => `${name}-${++count}.test`

export const newAccount = (network: TestNetwork, name: string, key?: TestKeyOptions): Promise<TestAccount> =>
  network.createAccount(newAccountId(name), key)
