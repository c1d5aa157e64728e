import type { Schema } from 'borsh'

let borsh: typeof import('borsh') | undefined

/**
 * Encodes a value with Borsh, the binary format of NEAR.
 *
 * Loads the library at the first call: loading it takes half as long as loading this package, and an application may never need it.
 *
 * @param value - of the schema's types: they are not checked here. An `ArrayBuffer` for an array of bytes is encoded at once.
 * @see {@link https://borsh.io/ Borsh}
 */
export function serialize(schema: Schema, value: unknown): Uint8Array {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() is asynchronous
  borsh ??= require('borsh') as typeof import('borsh')
  return borsh.serialize(schema, value, false)
}
