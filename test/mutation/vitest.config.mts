import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import base from '../../vitest.config.mjs'

/** Every mutant is tried until a test fails: those that fail at once come first, those that wait for time limits last. */
const SLOW = ['recorded-signatures', 'signature', 'network', 'verify', 'table', 'rpc-source', 'hedged-query']

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      SLOW.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
    return files.sort((a, b) => rank(a) - rank(b))
  }
}

/** The tests that decide, as one of the Stryker configurations beside this file chose them. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: process.env.MUTATION_TESTS?.split(' ') ?? [],
    // They run the built package, of which no mutant is made.
    exclude: ['**/readme.test.ts'],
    sequence: { sequencer: QuickFirst },
  },
})
