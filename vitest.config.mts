import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** The files that take longest. A long file that starts last keeps one worker busy while the others are done. */
const LONGEST = [
  'browser/example',
  'frameworks/frameworks',
  'attacks/table',
  'scale/processes',
  'example/processes',
  'rpc/hedged-query',
  'docs/fragments',
  'challenges/redis-outages',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return index < 0 ? LONGEST.length : index
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^passport-near\/testing$/, replacement: path('lib/testing/index.ts') },
      { find: /^passport-near\/client$/, replacement: path('lib/client/index.mts') },
      { find: /^passport-near$/, replacement: path('lib/index.mts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // A worker loads the packages once for all its files. clean-worker.ts fails a file that leaves a change behind.
    isolate: false,
    setupFiles: ['test/support/clean-worker.ts'],
    sequence: { sequencer: LongestFirst },
    testTimeout: 45_000,
    hookTimeout: 60_000,
    // A busy machine may take longer than the second that is the default.
    expect: { poll: { timeout: 20_000 } },
    // Some tests wait for timeouts: a third worker uses that time. A machine of CI is shared and can stop for
    // seconds: it gets fewer workers, and a failed test a second try, which the report names.
    maxWorkers: process.env.CI ? 2 : 3,
    retry: process.env.CI ? 1 : 0,
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'lib/client/**/*.mts'],
      // index.ts only names what the others define; the package tests load it as it is published.
      exclude: ['lib/index.ts', 'lib/public-{types,values}.ts', 'lib/types/**'],
      reporter: ['text', 'lcov'],
      thresholds: { lines: 95, branches: 95, statements: 95, functions: 95 },
    },
  },
})
