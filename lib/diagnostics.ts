import { channel } from 'node:diagnostics_channel'

/** @internal The name of the `node:diagnostics_channel` that each login is published on, once it is decided. */
export const LOGIN_CHANNEL = 'passport-near:login'

/** The steps of a login, in their order. */
export type LoginStep = 'credentials' | 'challenge' | 'signature' | 'accessKey' | 'verify'

/** What happened to one login: nothing personal, no URL. */
export interface LoginEvent {
  /** The strategy's name. */
  readonly strategy: string
  /** `rejected` is a refusal, `error` what could not be decided, or an error of the application's. */
  readonly outcome: 'success' | 'rejected' | 'error'
  /** The code of a refusal or an error; undefined where it is the application's own. */
  readonly code: string | undefined
  /** The place of the RPC endpoint that decided in the option `rpc`, from 1; undefined where none did. */
  readonly endpoint: number | undefined
  /** How long each step took that was reached, in milliseconds. */
  readonly durations: Readonly<Partial<Record<LoginStep, number>>>
}

const logins = channel(LOGIN_CHANNEL)

/** @internal Takes the time of a login's steps. */
export class LoginTrace {
  endpoint: number | undefined
  readonly #durations: Partial<Record<LoginStep, number>> = {}
  #step: LoginStep | undefined
  #beganAt = 0

  /** @returns undefined where nobody listens: then a login is not timed at all */
  static start(): LoginTrace | undefined {
    return logins.hasSubscribers ? new LoginTrace() : undefined
  }

  /** A step begins, and with it ends the one before. */
  begin(step: LoginStep): void {
    this.#end()
    this.#step = step
  }

  publish(strategy: string, outcome: LoginEvent['outcome'], code: string | undefined): void {
    this.#end()
    const event: LoginEvent = { strategy, outcome, code, endpoint: this.endpoint, durations: this.#durations }
    logins.publish(event)
  }

  #end(): void {
    const now = performance.now()
    if (this.#step) this.#durations[this.#step] = now - this.#beganAt
    this.#beganAt = now
  }
}
