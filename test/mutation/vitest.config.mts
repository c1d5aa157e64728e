import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import base from '../../vitest.config.mjs'

/**
 * Each mutant is tested until a test fails. Tests that fail at once come first, tests that wait for timeouts
 * last.
 */
const QUICK = ['vectors', 'responses']
const SLOW = ['recorded-signatures', 'signature', 'network', 'verify', 'table', 'rpc-source', 'hedged-query']

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const find = (names: string[], { moduleId }: TestSpecification): number =>
      names.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
    const rank = (file: TestSpecification): number => {
      const quick = find(QUICK, file)
      return quick >= 0 ? quick - QUICK.length - 1 : find(SLOW, file)
    }
    return files.sort((a, b) => rank(a) - rank(b))
  }
}

/** The tests from one of the Stryker configurations beside this file. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    isolate: true,
    include: process.env.MUTATION_TESTS?.split(' ') ?? [],
    // These tests run the built package, which has no mutants.
    exclude: ['**/readme.test.ts'],
    sequence: { sequencer: QuickFirst },
  },
})
