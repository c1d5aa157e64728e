/** A browser: requests to one site, with the session cookie that the site set. */
class Browser {
  #origin
  /** The session cookie as `name=value`. */
  cookie

  constructor(origin) {
    this.#origin = origin
  }

  get(path) {
    return this.#request(path, {})
  }

  /** Posts JSON, or an empty request without a body. */
  post(path, body) {
    if (body === undefined) return this.#request(path, { method: 'POST' })
    return this.postText(path, JSON.stringify(body))
  }

  postText(path, body) {
    return this.#request(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  }

  postForm(path, fields) {
    return this.#request(path, { method: 'POST', body: new URLSearchParams(fields) })
  }

  async challenge(path = '/login/near/challenge') {
    const { status, body } = await this.get(path)
    if (status !== 200) throw new Error(`The site issued no challenge: status ${status}`)
    return body
  }

  /** The signed-in user, or null. */
  async user() {
    return (await this.get('/me')).body
  }

  async #request(path, { headers = {}, ...init }) {
    const response = await fetch(this.#origin + path, {
      ...init,
      headers: this.cookie ? { ...headers, cookie: this.cookie } : headers,
    })
    this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parse(text) }
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

module.exports = { Browser }
