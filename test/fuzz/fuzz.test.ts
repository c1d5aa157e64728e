import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { late } from './outcomes.mjs'
import { targets } from './targets.mjs'

interface Target {
  arbitrary: fc.Arbitrary<unknown>
  run: (input: unknown) => Promise<string>
  /** A good login after all fuzzed requests. */
  again: () => Promise<string>
  stop?: () => unknown
}

const RUNS = Number(process.env.FUZZ_RUNS ?? 250)
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31))

describe(`fuzzing, FUZZ_SEED=${SEED}: exactly one outcome, and the right class of it`, () => {
  console.info(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS} repeats this fuzzing`)

  it.each(Object.entries(targets as Record<string, { prepare: () => Promise<Target> }>))(
    '%s',
    { timeout: 120_000 },
    async (_, { prepare }) => {
      const { arbitrary, run, again, stop } = await prepare()
      const classes = new Map<string, number>()
      const property = fc.asyncProperty(arbitrary, async (input) => {
        const outcome = await run(input)
        classes.set(outcome, (classes.get(outcome) ?? 0) + 1)
      })
      try {
        await fc.assert(property, { seed: SEED, numRuns: RUNS })
        // Inputs that all have one outcome would test only one line.
        expect(classes.size).toBeGreaterThan(1)
        expect(await again()).toBe('success')
      } finally {
        await stop?.()
      }
    },
  )

  afterAll(() => expect(late).toEqual([]))
})
