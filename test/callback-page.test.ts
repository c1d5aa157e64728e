import { NearStrategy, type CallbackPageOptions } from 'passport-near'
import { describe, expect, it } from 'vitest'

const near = new NearStrategy({ recipient: 'app.example.com' }, (profile, done) => done(null, profile))

/** The page and its policy. */
function serve(options?: CallbackPageOptions): { page: string; policy: string } {
  const headers = new Map<string, unknown>()
  let page = ''
  const response = {
    headersSent: false,
    statusCode: 200,
    setHeader: (name: string, value: unknown) => headers.set(name, value),
    end: (body: string) => (page = body),
  }
  near.callbackPage(options)({ method: 'GET' }, response, () => undefined)
  expect(headers.get('Content-Length')).toBe(Buffer.byteLength(page))
  return { page, policy: String(headers.get('Content-Security-Policy')) }
}

describe('the callback page', () => {
  it('leads to / in English by default', () => {
    const { page } = serve()
    expect(page).toContain('<html lang="en">')
    expect(page).toContain('<a href="/">Continue</a>')
  })

  it('leads to home, in the language and with the texts of the site', () => {
    const texts = { title: 'Anmeldung', continue: 'Weiter', busy: 'Einen Moment …' }
    const { page } = serve({ home: '/konto?von=near', lang: 'de', texts })
    expect(page).toContain('<html lang="de">')
    expect(page).toContain('<title>Anmeldung</title>')
    expect(page).toContain('<a href="/konto?von=near">Weiter</a>')
    expect(page).toContain('Einen Moment …')
    expect(page).toContain('There is nothing left to do here.')
  })

  it.each([
    ['/site.css', "style-src 'self'"],
    ['https://cdn.example.com/site.css?v=1', 'style-src https://cdn.example.com'],
  ])('uses the stylesheet %s, and its policy allows no other style', (stylesheet, source) => {
    const { page, policy } = serve({ stylesheet })
    expect(page).toContain(`<link rel="stylesheet" href="${stylesheet}">`)
    expect(page).not.toContain('<style>')
    expect(policy.split('; ')).toContain(source)
  })

  it('escapes markup in its texts', () => {
    const markup = '"><script>alert(1)</script>&'
    const texts = {
      title: markup,
      busy: markup,
      offline: markup,
      nothing: markup,
      continue: markup,
      noscript: markup,
    }
    const { page } = serve({ texts, home: `/${markup}`, lang: markup, stylesheet: `/${markup}` })
    expect(page.match(/<script>/g)).toHaveLength(1)
    expect(page).not.toContain('alert(1)</script>')
  })

  it('posts to its own path, without the query of its URL', () => {
    expect(serve().page).toContain('form.action = location.origin + location.pathname')
  })

  it.each<[string, object]>([
    ['home', { home: 'javascript:alert(1)' }],
    ['home', { home: '//evil.example.com' }],
    ['home', { home: '/\\evil.example.com' }],
    ['home', { home: 'account' }],
    ['home', { home: '' }],
    ['lang', { lang: '' }],
    ['stylesheet', { stylesheet: 'data:text/css,' }],
    ['stylesheet', { stylesheet: '//evil.example.com/site.css' }],
    ['texts', { texts: { heading: 'x' } }],
    ['texts.title', { texts: { title: '' } }],
    ['texts.busy', { texts: { busy: 1 } }],
    ['redirectOrigins', { redirectOrigins: 'https://app.example.com' }],
    ['redirectOrigins', { redirectOrigins: ["'unsafe-inline'"] }],
    ['color', { color: 'red' }],
  ])('rejects a wrong %s', (name, options) => {
    const known = name !== 'color'
    expect(() => near.callbackPage(options)).toThrow(
      new RegExp(`^callbackPage: option "${name.replace('.', '\\.')}" ${known ? 'must be' : 'is not known'}`),
    )
  })
})
