export type { NearApiProvider } from './access-keys/near-api'
export type { AccessKeyPermission, AccessKeyQuery, AccessKeySource } from './access-keys/source'
export type { Challenge, StoredChallenge } from './challenges/challenge'
export type { ChallengeStore } from './challenges/challenge-store'
export type { ConnectMiddleware, ConnectRequest, ConnectResponse } from './connect'
export type { LoginEvent, LoginStep } from './diagnostics'
export type { NearAuthErrorCode, RejectionCode, RejectionInfo, ServiceErrorCode } from './errors'
export type { Nep413Payload } from './nep413/payload'
export type { Confirmation, ConfirmationOptions, Confirmed } from './guards/confirmation'
export type { NearLogin } from './guards/login-record'
export type { RecentLoginOptions } from './guards/recent-login'
export type { RevalidationEvent } from './guards/recheck'
export type { RevalidateOptions, SessionCheck } from './guards/revalidate'
export type { LoginHandlerOptions } from './login-handler'
export type { Network } from './rpc/options'
export type { OffchainMessage } from './nep641/message'
export type { WalletContractsOptions } from './nep641/options'
export type { ResolveAuthorizationOptions, ResolvedAuthorization } from './nep641/resolve-authorization'
export type { NearStrategyOptions } from './options'
export type { DefaultRequest } from './request'
export type { EndpointReport } from './rpc/check-endpoints'
export type { RpcEndpoint } from './rpc/endpoint'
export type { ViewRequest } from './rpc/view'
export type { RedisChallengeStoreOptions } from './challenges/redis-store'
export type {
  IoRedisClient,
  IoRedisSetClient,
  NodeRedisClient,
  NodeRedisSetClient,
  RedisClient,
  RedisSetClient,
} from './challenges/redis-client'
export type { ChallengeSecret, SealedChallengeStoreOptions } from './challenges/sealed-store'
export type { SessionChallengeStoreOptions } from './challenges/session-store'
export type {
  NearAccountProfile,
  ProfileFor,
  NearContractProfile,
  NearKeyProfile,
  NearProfile,
  Verify,
  VerifyDone,
  VerifyWithRequest,
} from './verify'
export type { CallbackPageOptions, CallbackPageTexts } from './web-wallet'
