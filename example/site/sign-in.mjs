import { Passport } from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import { NearStrategy } from 'passport-near'

/**
 * The strategies of the site: NEAR and a password to sign in, and a second NEAR strategy to link an account to the user
 * who is signed in.
 *
 * @param {object} parts
 * @param {string} parts.url - the site's origin
 * @param {import('./users.mjs').Users} parts.users
 * @param {import('./chain.mjs').Chain} parts.chain
 * @param {import('passport-near').ChallengeStore} [parts.challengeStore] - undefined keeps challenges in the session
 * @param {number} [parts.challengeMaxAge] - in milliseconds
 */
export function createSignIn({ url, chain, users, challengeStore, challengeMaxAge }) {
  const recipient = new URL(url).host
  const { network, rpc, walletUrl } = chain

  const near = new NearStrategy(
    {
      recipient,
      network,
      rpc,
      walletUrl,
      callbackUrl: `${url}/login/near/callback`,
      challengeMaxAge,
      store: challengeStore,
      // People whose account has no key sign in as well: with a passkey, or through another account.
      walletContracts: true,
    },
    async (profile, done) => {
      done(null, await users.findOrCreateByNear(profile))
    },
  )

  const linkNear = new NearStrategy(
    {
      name: 'link-near',
      // Only the user who requested the challenge can answer it, not the next user of the same browser.
      linking: true,
      recipient,
      network,
      rpc,
      callbackUrl: `${url}/account`,
      challengeMaxAge,
      store: challengeStore,
      walletContracts: true,
      // The person reads in the wallet which user gets the account, also in a tab of a user who has signed out.
      message: (/** @type {import('express').Request} */ req) =>
        `Link this NEAR account to ${req.user?.displayName} at ${recipient}`,
    },
    (profile, done) => done(null, profile),
  )

  const password = new LocalStrategy((username, secret, done) => {
    users.findByPassword(username, secret).then((user) => done(null, user ?? false), done)
  })

  const passport = new Passport()
  passport.use(near)
  passport.use(linkNear)
  passport.use(password)
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => {
    users.find(id).then((user) => done(null, user ?? false), done)
  })
  return { passport, near, linkNear }
}
