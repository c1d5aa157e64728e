/*
 * Bundles lib/ into dist/: three files load in half of the time of seventy (`npm run import-cost`). The code is not minified:
 * developers can read and debug what their application runs.
 */
import { isAbsolute } from 'node:path'

const common = { platform: 'node', logLevel: 'warn', output: { dir: 'dist', comments: false } }
const isPackage = (id) => !/^(\.|lib\/)/.test(id) && !isAbsolute(id)
const isImported = (id) => !id.startsWith('lib/')

export default [
  {
    ...common,
    input: { 'public-values': 'lib/public-values.ts', 'testing/index': 'lib/testing/index.ts' },
    external: isPackage,
    output: {
      ...common.output,
      format: 'cjs',
      codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
      chunkFileNames: '[name].js',
    },
  },
  // Both entries only refer to the file above, so that `require` and `import` share one class.
  {
    ...common,
    input: { index: 'lib/index.ts' },
    external: isImported,
    // TypeScript's `export =` becomes `module.exports`: that is meant.
    onLog: (level, log, handle) => log.code === 'COMMONJS_VARIABLE_IN_ESM' || handle(level, log),
    output: { ...common.output, format: 'cjs' },
  },
  {
    ...common,
    input: { index: 'lib/index.mts', 'testing/index': 'lib/testing/index.mts' },
    external: isImported,
    output: { ...common.output, format: 'esm', entryFileNames: '[name].mjs' },
  },
]
