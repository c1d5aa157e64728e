import { decodeBase58 } from '../../lib/nep413/base58'
import { Wallet } from '../support/wallet'
import type { Attack, Theme } from './row'
import { json } from './stage'

const noKey: Attack['refused'] = [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND']

/** Mallory signs with her own key and names an account that looks like Alice's. */
const lookalike = (how: string, accountId: string): Attack => ({
  by: 'Mallory, who impersonates Alice',
  holds: 'her own key',
  tries: `names an account that looks like alice.test: ${how}`,
  refused: [400, 'ERR_NEAR_CREDENTIALS_INVALID'],
  twin: "Mallory's own account id",
  async play({ mallory, open }, attack) {
    const browser = open()
    const login = await mallory.signMessage(await browser.challenge())
    return json(browser, attack ? { ...login, accountId } : login)
  },
})

/** Mallory signs with her own key and names another person's account. */
const others = (
  row: Pick<Attack, 'by' | 'tries'>,
  accountId: string,
  before: (stage: Parameters<Attack['play']>[0]) => unknown = () => undefined,
): Attack => ({
  ...row,
  holds: 'a full-access key of her own account',
  refused: noKey,
  asks: 1,
  twin: "Mallory's own account",
  async play(stage, attack) {
    await before(stage)
    const browser = stage.open()
    const login = await stage.mallory.signMessage(await browser.challenge())
    return json(browser, attack ? { ...login, accountId } : login)
  },
})

const hexOf = (publicKey: string): string =>
  Buffer.from(decodeBase58(publicKey.slice('ed25519:'.length))!).toString('hex')

export const account: Theme = {
  title: 'Accounts of other people',
  rows: [
    others({ by: 'Mallory', tries: 'names alice.test' }, 'alice.test'),
    others({ by: 'Mallory', tries: 'names an account that does not exist' }, 'nobody.test'),
    others(
      { by: 'Mallory, who owns the parent account', tries: 'names a subaccount of hers' },
      'wallet.mallory.test',
      ({ network }) => network.createAccount('wallet.mallory.test'),
    ),
    others(
      { by: 'Mallory', tries: 'names an account whose id differs from hers in one separator' },
      'mallory-test',
      ({ network }) => network.createAccount('mallory-test'),
    ),
    others({ by: 'Mallory', tries: 'names the account `system`' }, 'system'),
    {
      by: 'A person who generates keys',
      holds: 'a new key, and the implicit account of that key, which is not on chain',
      tries: 'signs in; allowImplicit is off',
      refused: noKey,
      asks: 1,
      twin: 'the account is on chain with that key',
      async play({ network, open }, attack) {
        const wallet = new Wallet()
        const accountId = hexOf(wallet.publicKey)
        if (!attack) await network.createAccount(accountId, { publicKey: wallet.publicKey })
        const browser = open()
        return json(browser, wallet.answer(accountId, await browser.challenge()))
      },
    },
    {
      by: 'The former owner of an implicit account',
      holds: 'the key that its id is derived from, which was removed from the account',
      tries: 'signs in; allowImplicit is on',
      refused: noKey,
      asks: 2,
      twin: 'the account is not on chain yet',
      stage: { near: { allowImplicit: true } },
      async play({ network, open }, attack) {
        const wallet = new Wallet()
        const accountId = hexOf(wallet.publicKey)
        if (attack) await network.createAccount(accountId)
        const browser = open()
        return json(browser, wallet.answer(accountId, await browser.challenge()))
      },
    },
    {
      by: 'Mallory',
      holds: 'a key of her own',
      tries: "names the implicit account of another person's key, which is not on chain; allowImplicit is on",
      refused: noKey,
      asks: 1,
      twin: 'the implicit account of her own key',
      stage: { near: { allowImplicit: true } },
      async play({ open }, attack) {
        const [hers, others] = [new Wallet(), new Wallet()]
        const browser = open()
        const accountId = hexOf((attack ? others : hers).publicKey)
        return json(browser, hers.answer(accountId, await browser.challenge()))
      },
    },
    lookalike('in capitals', 'ALICE.TEST'),
    lookalike('with one capital', 'Alice.test'),
    lookalike('with a Cyrillic а', 'аlice.test'),
    lookalike('with a full-width letter', 'ａlice.test'),
    lookalike('with a combining accent', 'alice\u0301.test'),
    lookalike('with a zero-width space', 'alice\u200b.test'),
    lookalike('with a soft hyphen', 'ali\u00adce.test'),
    lookalike('with a right-to-left override', '\u202ealice.test'),
    lookalike('with an ideographic full stop', 'alice。test'),
    lookalike('with a Turkish ı', 'alıce.test'),
    lookalike('with a trailing dot', 'alice.test.'),
    lookalike('with a leading dot', '.alice.test'),
    lookalike('with two dots', 'alice..test'),
    lookalike('with a trailing separator', 'alice.test-'),
    lookalike('with a trailing space', 'alice.test '),
    lookalike('with a leading space', ' alice.test'),
    lookalike('with a no-break space', 'alice.test\u00a0'),
    lookalike('with a tab', 'alice.test\t'),
    lookalike('with a line break', 'alice.test\n'),
    lookalike('with a line separator', 'alice.test\u2028'),
    lookalike('with a NUL', 'alice.test\0'),
    lookalike('with a NUL and a second account id', 'alice.test\0.mallory.test'),
    lookalike('percent-encoded', 'alice%2etest'),
    lookalike('with an @', '@alice.test'),
    lookalike('with a path', 'alice.test/../mallory.test'),
    lookalike('with a lone surrogate', 'alice.test\ud83d'),
    lookalike('65 characters long', `${'a'.repeat(60)}.test`),
    lookalike('of one character', 'a'),
  ],
}
