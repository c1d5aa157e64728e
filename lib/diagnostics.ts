import { channel } from 'node:diagnostics_channel'
import type { NearAuthErrorCode } from './errors'

/** The `node:diagnostics_channel` on which each decided login is published. @internal */
export const LOGIN_CHANNEL = 'passport-near:login'

/** The steps of a login, in their order. An authorization (NEP-641) is in place of a signature and an access key. */
export type LoginStep = 'credentials' | 'challenge' | 'signature' | 'accessKey' | 'authorization' | 'verify'

/** The result of one login: nothing personal, no URL. */
export interface LoginEvent {
  /** The strategy's name. */
  readonly strategy: string
  /** `success`; `rejected`: a rejection; `error`: a failure without a decision, or an error of the application. */
  readonly outcome: 'success' | 'rejected' | 'error'
  /** The code of a rejection or an error; undefined for the application's. */
  readonly code: NearAuthErrorCode | undefined
  /** The RPC endpoint that decided: its place in the option `rpc`, from 1; undefined if none did. */
  readonly endpoint: number | undefined
  /** The duration of each step that was reached, in milliseconds. */
  readonly durations: Readonly<Partial<Record<LoginStep, number>>>
}

const logins = channel(LOGIN_CHANNEL)

/** Measures the steps of a login. @internal */
export class LoginTrace {
  endpoint: number | undefined
  readonly #durations: Partial<Record<LoginStep, number>> = {}
  #step: LoginStep | undefined
  #startedAt = 0

  /** @returns undefined without a subscriber: then a login is not measured */
  static start(): LoginTrace | undefined {
    return logins.hasSubscribers ? new LoginTrace() : undefined
  }

  /** Starts a step, and ends the step before. */
  begin(step: LoginStep): void {
    this.#end()
    this.#step = step
  }

  publish(strategy: string, outcome: LoginEvent['outcome'], code: NearAuthErrorCode | undefined): void {
    this.#end()
    const event: LoginEvent = { strategy, outcome, code, endpoint: this.endpoint, durations: this.#durations }
    logins.publish(event)
  }

  #end(): void {
    const now = performance.now()
    if (this.#step) this.#durations[this.#step] = now - this.#startedAt
    this.#startedAt = now
  }
}
