import { Router } from 'express'
import { sendError } from '../error-pages.mjs'
import { setNotice } from '../notices.mjs'
import { requireUser, userOf } from './account.mjs'

/**
 * A pretend payment: it moves nothing but a row of the site's own table. One of the user's NEAR accounts has to confirm it.
 *
 * @param {{ users: import('../users.mjs').Users } & Pick<ReturnType<typeof import('../sign-in.mjs').createSignIn>, 'near'>} parts
 */
export function paymentRoutes({ users, near }) {
  const router = Router()
  const payment = near.confirmation({
    name: 'payment',
    message: (req) => `Send ${req.body.amount} NEAR to ${req.body.receiver}`,
    account: (req) => userOf(req).accounts.map(({ account_id: accountId }) => accountId),
  })

  router.post('/payments/challenge', requireUser, checkFields, payment.challengeHandler())
  router.post('/payments', requireUser, checkFields, payment.handler(), async (req, res) => {
    const { amount, receiver } = req.body
    const { accountId } = /** @type {import('passport-near').Confirmed} */ (payment.confirmed(req))
    await users.addPayment(userOf(req).id, { amount, receiver, accountId })
    setNotice(req, 'SENT', `${amount} NEAR to ${receiver}`)
    res.json({ next: '/account' })
  })

  return router
}

/**
 * What the text does not name is not confirmed, and two requests with one text are one confirmation: only fields of these
 * forms come to either route.
 *
 * @type {import('express').RequestHandler}
 */
function checkFields(req, res, next) {
  const { amount, receiver } = req.body ?? {}
  const isValid =
    typeof amount === 'string' &&
    /^[1-9]\d{0,8}$/.test(amount) &&
    typeof receiver === 'string' &&
    /^(?=.{2,64}$)[a-z0-9]+([-_.][a-z0-9]+)*$/.test(receiver)
  if (isValid) return next()
  sendError(req, res, 400, 'PAYMENT_INVALID')
}
