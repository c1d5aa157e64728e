/* global Response */
// Stands in for `hono`: routes by method and path, and a context with `env` and `json`.
export class Hono {
  #routes = new Map()
  get(path, handler) {
    this.#routes.set(`GET ${path}`, handler)
    return this
  }
  fetch = async (request, env) => {
    const handler = this.#routes.get(`${request.method} ${new URL(request.url).pathname}`)
    const json = (body, status = 200) => Response.json(body, { status })
    return handler ? handler({ env, json }) : new Response('Not Found', { status: 404 })
  }
}
