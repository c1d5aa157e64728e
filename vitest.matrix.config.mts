import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.mjs'

/** The projects of other people, made from the packed tarball: `npm run test:matrix`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], coverage: { enabled: false } } },
  defineConfig({
    test: {
      include: ['test/matrix/**/*.matrix.ts'],
      globalSetup: 'test/matrix/pack.ts',
      testTimeout: 120_000,
      hookTimeout: 300_000,
      reporters: ['verbose'],
    },
  }),
)
