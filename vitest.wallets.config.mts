import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.mjs'

/** The published modules of wallets, each unchanged, in Chromium: `npm run test:wallets`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], coverage: { enabled: false } } },
  defineConfig({
    test: {
      include: ['test/wallets/*.wallets.ts'],
      globalSetup: 'test/wallets/bundle.ts',
      testTimeout: 40_000,
      retry: 0, // not in CI either
    },
  }),
)
