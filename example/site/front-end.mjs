import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Bundles the page's script.
 *
 * @param {'development-wallet' | 'real-wallets'} name - a script of the folder `front-end`
 * @returns {Promise<string>} an ES module
 */
export async function bundleFrontEnd(name) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./front-end/${name}.js`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0].text
}
