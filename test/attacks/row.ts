import type { Cleanup } from '../support/app'
import type { Attempt, Stage, StageOptions } from './stage'

interface Description {
  /** The attacker. */
  by: string
  /** What the attacker has. */
  holds: string
  /** What the attacker does. */
  tries: string
}

/** An attack that ends in one rejected request. Its twin runs the same story and is a good login. */
export interface Attack extends Description {
  refused: readonly [status: number, code: string]
  /** The one thing that is different in the twin, and that the attack consists of. */
  twin: string
  /** RPC calls that the rejection costs; default 0. */
  asks?: number
  /** Options of the application or of its node; the twin may have other options. */
  stage?: StageOptions | ((attack: boolean, cleanup: Cleanup) => StageOptions | Promise<StageOptions>)
  /** Runs the story up to the request under test. */
  play: (stage: Stage, attack: boolean) => Promise<Attempt>
}

/** An attack that does not end in one request. It contains its own twin. */
export interface Story extends Description {
  /** The expected outcome. */
  outcome: string
  twin: string
  stage?: StageOptions
  test: (stage: Stage) => Promise<void>
}

export type Row = Attack | Story

export interface Theme {
  title: string
  rows: readonly Row[]
}
