import { Passport } from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import { NearStrategy } from 'passport-near'

/**
 * The ways in: NEAR, a password, and a second NEAR strategy for linking an account to whoever is signed in. Its own
 * name gives it challenges of its own, so that nobody links an account by signing in, or the other way round.
 */
export function createSignIn({ url, chain, users, challengeStore, challengeMaxAge }) {
  const recipient = new URL(url).host
  const { network, rpc, walletUrl } = chain
  const callbackUrl = `${url}/login/near/callback`

  const near = new NearStrategy(
    { recipient, network, rpc, walletUrl, callbackUrl, challengeMaxAge, store: challengeStore('near') },
    async (profile, done) => {
      done(null, await users.findOrCreateByNear(profile))
    },
  )

  const linkNear = new NearStrategy(
    {
      name: 'link-near',
      recipient,
      callbackUrl: `${url}/account`,
      network,
      rpc,
      store: challengeStore('link-near'),
      message: `Link this NEAR account to your account at ${recipient}`,
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
