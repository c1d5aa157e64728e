import type { Cleanup } from '../support/app'
import type { Attempt, Stage, StageOptions } from './stage'

interface Description {
  /** Who attacks. */
  by: string
  /** What they hold. */
  holds: string
  /** What they try. */
  tries: string
}

/** An attack that ends in one request, which is refused. It is played a second time as its twin, which is a good login. */
export interface Attack extends Description {
  refused: readonly [status: number, code: string]
  /** What is otherwise in the twin: the one thing that the attack consists of. */
  twin: string
  /** How many RPC calls the refusal costs; default 0. */
  asks?: number
  /** What the attack wants of the application, or of the node that it asks; the twin may want something else. */
  stage?: StageOptions | ((attack: boolean, cleanup: Cleanup) => StageOptions | Promise<StageOptions>)
  /** Tells the story up to the request that counts. */
  play: (stage: Stage, attack: boolean) => Promise<Attempt>
}

/** An attack that does not end in one request. It brings its own twin. */
export interface Story extends Description {
  /** What must happen. */
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
