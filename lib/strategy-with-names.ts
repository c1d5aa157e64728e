import { nearApiAccessKeys } from './access-keys/near-api'
import { RedisChallengeStore } from './challenges/redis-store'
import { SessionChallengeStore } from './challenges/session-store'
import { NearAuthError, NearLoginRejected, NearServiceError } from './errors'
import { hashPayload } from './nep413/payload'
import { verifySignature } from './nep413/signature'
import type { DefaultRequest } from './options'
import { NearStrategy as Strategy } from './strategy'

/**
 * The strategy, with every other public name as a property: `NearStrategy.NearAuthError`. `require` and `import` give this class.
 *
 * @hidden
 */
export const NearStrategy = Object.assign(Strategy, {
  NearStrategy: Strategy,
  Strategy,
  default: Strategy,
  SessionChallengeStore,
  RedisChallengeStore,
  NearAuthError,
  NearLoginRejected,
  NearServiceError,
  hashPayload,
  nearApiAccessKeys,
  verifySignature,
})
/** @hidden */
export type NearStrategy<
  Request extends object = DefaultRequest,
  PassRequest extends boolean = false,
> = Strategy<Request, PassRequest>
