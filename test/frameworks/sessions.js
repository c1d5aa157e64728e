// The application's sessions on the server, as koa-session takes them.
const kept = new Map()

export const sessions = {
  get: async (key) => structuredClone(kept.get(key)),
  set: async (key, session) => void kept.set(key, structuredClone(session.toJSON?.() ?? session)),
  destroy: async (key) => void kept.delete(key),
}
