/*
 * Bundles lib/ into dist/. One file loads in half of the time of seventy (`npm run import-cost`). The code is not minified: developers
 * can read and debug what their application runs.
 *
 * `require` loads `index.js`. `import` loads it too, so that both share one class, but by way of the short `public-values.js`: Node
 * searches each CommonJS file that an ES module imports for the names of its exports, and that took 30 ms for the whole bundle.
 *
 * The test kit has copies of the functions that it shares with the package: a common file would cost each application 1 to 2 ms.
 */
import { isAbsolute } from 'node:path'

const common = { platform: 'node', logLevel: 'warn', output: { dir: 'dist', comments: false } }
const isPackage = (id) => !/^(\.|lib\/)/.test(id) && !isAbsolute(id)
const isImported = (id) => !id.startsWith('lib/')

export default [
  {
    ...common,
    input: { index: 'lib/index.ts' },
    external: isPackage,
    // TypeScript's `export =` becomes `module.exports`: that is meant.
    onLog: (level, log, handle) => log.code === 'COMMONJS_VARIABLE_IN_ESM' || handle(level, log),
    output: { ...common.output, format: 'cjs' },
  },
  {
    ...common,
    input: { 'testing/index': 'lib/testing/index.ts' },
    external: isPackage,
    output: { ...common.output, format: 'cjs' },
  },
  {
    ...common,
    input: { 'public-values': 'lib/public-values.ts' },
    // Each module that it exports from is in `index.js`.
    plugins: [
      {
        name: 'names-only',
        resolveId: (id, importer) => importer && { id: './index.js', external: true },
      },
    ],
    output: { ...common.output, format: 'cjs' },
  },
  {
    ...common,
    input: { index: 'lib/index.mts', 'testing/index': 'lib/testing/index.mts' },
    external: isImported,
    output: { ...common.output, format: 'esm', entryFileNames: '[name].mjs' },
  },
]
