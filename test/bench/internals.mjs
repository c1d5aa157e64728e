// The functions of a login that have no public name: dist/ contains public names only.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { rolldown } from 'rolldown'

const FOLDER = 'node_modules/.cache/passport-near/bench'

/** Bundles lib/credentials.ts and lib/nep413/signature.ts as the build does, and returns what they export. */
export async function bundleInternals() {
  const external = /^(?:node:|@noble)/
  const bundle = await rolldown({
    input: { credentials: 'lib/credentials.ts', signature: 'lib/nep413/signature.ts' },
    platform: 'node',
    external,
  })
  await bundle.write({
    dir: FOLDER,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
  })
  const require = createRequire(import.meta.url)
  return { ...require(resolve(FOLDER, 'credentials.cjs')), ...require(resolve(FOLDER, 'signature.cjs')) }
}
