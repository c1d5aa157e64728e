/** For `require`: the strategy itself, carrying every other public name. `index.mts` has the same names for `import`. */
import type * as types from './public-types'
import * as values from './public-values'
import type { NearStrategy as StrategyClass } from './strategy'

// Not called `NearStrategy`: of two values with one name in a file, the bundler would rename the class.
const PassportNear = Object.assign(values.NearStrategy, values, { default: values.NearStrategy })
type PassportNear<
  Request extends object = types.DefaultRequest,
  PassRequest extends boolean = false,
  WalletContracts extends boolean | types.WalletContractsOptions = false,
> = StrategyClass<Request, PassRequest, WalletContracts>

// eslint-disable-next-line @typescript-eslint/no-namespace -- the only way to give `export =` its types
declare namespace PassportNear {
  type NearStrategy<
    Request extends object = types.DefaultRequest,
    PassRequest extends boolean = false,
    WalletContracts extends boolean | types.WalletContractsOptions = false,
  > = StrategyClass<Request, PassRequest, WalletContracts>
  type Strategy<
    Request extends object = types.DefaultRequest,
    PassRequest extends boolean = false,
    WalletContracts extends boolean | types.WalletContractsOptions = false,
  > = StrategyClass<Request, PassRequest, WalletContracts>
  type SessionChallengeStore = values.SessionChallengeStore
  type RedisChallengeStore<Request extends object = object> = values.RedisChallengeStore<Request>
  type SealedChallengeStore = values.SealedChallengeStore
  type NearAuthError = values.NearAuthError
  type NearLoginRejected = values.NearLoginRejected
  type NearServiceError = values.NearServiceError
  type AccessKeyPermission = types.AccessKeyPermission
  type AccessKeyQuery = types.AccessKeyQuery
  type AccessKeySource = types.AccessKeySource
  type CallbackPageOptions = types.CallbackPageOptions
  type CallbackPageTexts = types.CallbackPageTexts
  type Challenge = types.Challenge
  type ChallengeStore = types.ChallengeStore
  type Confirmation<Request extends object = types.DefaultRequest> = types.Confirmation<Request>
  type ConfirmationOptions<Request extends object = types.DefaultRequest> = types.ConfirmationOptions<Request>
  type Confirmed = types.Confirmed
  type ConnectMiddleware<
    Request extends object,
    Response extends types.ConnectResponse = types.ConnectResponse,
  > = types.ConnectMiddleware<Request, Response>
  type ConnectRequest = types.ConnectRequest
  type ConnectResponse = types.ConnectResponse
  type LoginEvent = types.LoginEvent
  type LoginStep = types.LoginStep
  type NearApiProvider = types.NearApiProvider
  type NearAuthErrorCode = types.NearAuthErrorCode
  type NearAccountProfile = types.NearAccountProfile
  type ProfileFor<WalletContracts> = types.ProfileFor<WalletContracts>
  type NearContractProfile = types.NearContractProfile
  type NearKeyProfile = types.NearKeyProfile
  type NearLogin = types.NearLogin
  type NearProfile = types.NearProfile
  type NearStrategyOptions<
    Request extends object = types.DefaultRequest,
    PassRequest extends boolean = false,
    WalletContracts extends boolean | types.WalletContractsOptions = false,
  > = types.NearStrategyOptions<Request, PassRequest, WalletContracts>
  type DefaultRequest = types.DefaultRequest
  type LoginHandlerOptions<
    Request extends object = object,
    Response extends types.ConnectResponse = types.ConnectResponse,
  > = types.LoginHandlerOptions<Request, Response>
  type Nep413Payload = types.Nep413Payload
  type Network = types.Network
  type OffchainMessage = types.OffchainMessage
  type RecentLoginOptions = types.RecentLoginOptions
  type RedisChallengeStoreOptions<Request extends object = object> = types.RedisChallengeStoreOptions<Request>
  type IoRedisClient = types.IoRedisClient
  type NodeRedisClient = types.NodeRedisClient
  type RedisClient = types.RedisClient
  type NodeRedisSetClient = types.NodeRedisSetClient
  type IoRedisSetClient = types.IoRedisSetClient
  type RedisSetClient = types.RedisSetClient
  type ChallengeSecret = types.ChallengeSecret
  type SealedChallengeStoreOptions = types.SealedChallengeStoreOptions
  type RejectionCode = types.RejectionCode
  type RejectionInfo = types.RejectionInfo
  type ResolveAuthorizationOptions = types.ResolveAuthorizationOptions
  type ResolvedAuthorization = types.ResolvedAuthorization
  type EndpointReport = types.EndpointReport
  type RevalidateOptions = types.RevalidateOptions
  type RevalidationEvent = types.RevalidationEvent
  type RpcEndpoint = types.RpcEndpoint
  type ServiceErrorCode = types.ServiceErrorCode
  type SessionCheck = types.SessionCheck
  type SessionChallengeStoreOptions = types.SessionChallengeStoreOptions
  type StoredChallenge = types.StoredChallenge
  type Verify<Profile = types.NearProfile> = types.Verify<Profile>
  type VerifyDone = types.VerifyDone
  type VerifyWithRequest<Request extends object, Profile = types.NearProfile> = types.VerifyWithRequest<
    Request,
    Profile
  >
  type ViewRequest = types.ViewRequest
  type WalletContractsOptions = types.WalletContractsOptions
}

export = PassportNear
