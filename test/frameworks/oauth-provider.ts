import { randomUUID } from 'node:crypto'
import express from 'express'
import { listen, type Cleanup } from '../support/app'

/** An OAuth 2 provider with one user, `octavia`, who approves at once. */
export async function startOAuthProvider(cleanup: Cleanup): Promise<string> {
  const codes = new Set<string>()
  const app = express()
  app.get('/authorize', (req, res) => {
    const code = randomUUID()
    codes.add(code)
    const back = new URL(req.query.redirect_uri as string)
    back.searchParams.set('code', code)
    back.searchParams.set('state', req.query.state as string)
    res.redirect(back.href)
  })
  app.post('/token', express.urlencoded({ extended: false }), (req, res) => {
    const { code } = req.body as { code: string }
    if (!codes.delete(code)) return void res.status(400).json({ error: 'invalid_grant' })
    res.json({ access_token: `token-${code}`, token_type: 'bearer' })
  })
  return (await listen(app, cleanup)).url
}
