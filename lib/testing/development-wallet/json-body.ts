import type { IncomingMessage } from 'node:http'

/** In bytes. A long message fits; a body that never ends does not. */
const MAX_BODY = 256 * 1024

/** A request whose body Express or Connect may have parsed already. */
export type BodyRequest = IncomingMessage & { body?: unknown }

/**
 * The fields of a JSON body; none if the body is not a JSON object. Another content type counts as none: browsers send JSON
 * to another origin only after a preflight request.
 */
export async function readJsonBody(request: BodyRequest): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return {}
  if (request.body !== undefined) return fieldsOf(request.body)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) return {}
    chunks.push(chunk)
  }
  try {
    return fieldsOf(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    return {}
  }
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}
