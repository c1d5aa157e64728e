/**
 * Mutates the given files and runs the given tests one after the other, until one fails.
 * @param {string} name
 * @param {{ mutate: string[], tests: string[] }} group
 * @returns {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export function configure(name, { mutate, tests }) {
  process.env.MUTATION_TESTS = tests.join(' ')
  return {
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.mts', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    mutate,
    coverageAnalysis: 'perTest',
    concurrency: 1,
    timeoutMS: 5000,
    timeoutFactor: 1.25,
    tempDirName: `node_modules/.stryker-${name}`,
    ignorePatterns: [
      '/coverage',
      '/mutation',
      '/screenshots',
      '/example',
      '/dist',
      '/test/browser',
      '/test/package',
      '/test/fuzz',
    ],
    reporters: ['clear-text', 'json', 'html', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    jsonReporter: { fileName: `mutation/${name}.json` },
    htmlReporter: { fileName: `mutation/${name}.html` },
    incremental: true,
    incrementalFile: `mutation/${name}-incremental.json`,
    thresholds: { high: 95, low: 90, break: 90 },
  }
}
