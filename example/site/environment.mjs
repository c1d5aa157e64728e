import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import { StartupError } from './startup-error.mjs'

/** The longest delay of Node's timers, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1
const MIN_SECRET_LENGTH = 16

/**
 * The settings of the site. This file alone reads environment variables. An empty variable counts as unset, because
 * container tools pass unset variables as empty ones.
 *
 * @typedef {ReturnType<typeof readEnvironment>} Settings
 */

/**
 * Reads and checks every environment variable of the site.
 *
 * @param {NodeJS.ProcessEnv} env
 * @throws {StartupError} that names the variable, the expected value and the value that came; never a secret
 */
export function readEnvironment(env) {
  const read = (variable, parse, fallback) => {
    const value = env[variable]
    return value === undefined || value === '' ? fallback : parse(variable, value)
  }
  const port = read('PORT', parsePort, 3000)
  const settings = {
    port,
    walletPort: read('WALLET_PORT', parsePort, port === 0 ? 0 : port + 1),
    dataDirectory: read('DATA_DIR', parseFolder, fileURLToPath(new URL('./data', import.meta.url))),
    /** @type {'mainnet' | 'testnet' | undefined} undefined for the embedded test network */
    network: read('NEAR_NETWORK', parseNetwork),
    /** @type {string | undefined} */
    rpcUrl: read('NEAR_RPC_URL', parseRpcUrl),
    /** @type {string | undefined} */
    walletUrl: read('WALLET_URL', parseWalletUrl),
    /** @type {string | undefined} */
    databaseUrl: read(
      'DATABASE_URL',
      urlParser(['postgresql:', 'postgres:'], 'postgresql://user@host:5432/name'),
    ),
    /** @type {string | undefined} */
    redisUrl: read('REDIS_URL', urlParser(['redis:', 'rediss:'], 'redis://127.0.0.1:6379')),
    /** @type {string | undefined} */
    sessionSecret: read('SESSION_SECRET', parseSecret),
    /** @type {string | undefined} */
    siteUrl: read('SITE_URL', parseOrigin),
    /** Requests that one address may send in a minute. */
    rateLimit: read('RATE_LIMIT', parseInteger(1, 1_000_000, 'requests a minute'), 300),
    /** @type {number | string | undefined} proxies whose X-Forwarded-For is trusted */
    trustProxy: read('TRUST_PROXY', parseTrustProxy),
    /** @type {number | undefined} in milliseconds */
    challengeMaxAge: read('CHALLENGE_MAX_AGE', parseInteger(1, MAX_DELAY, 'milliseconds')),
    /** How long a yes of the chain about a session's key holds, in milliseconds. */
    keyCheckInterval: read('KEY_CHECK_INTERVAL', parseInteger(1, 3_600_000, 'milliseconds'), 600_000),
    /** How long after a login the account can be changed, in milliseconds. */
    recentLogin: read('RECENT_LOGIN', parseInteger(1, MAX_DELAY, 'milliseconds'), 900_000),
  }
  checkTogether(settings)
  return settings
}

/** Settings that are correct each, and wrong together. */
function checkTogether({ port, walletPort, network, rpcUrl, walletUrl, redisUrl, sessionSecret }) {
  if (network === undefined && rpcUrl && !walletUrl) {
    throw new StartupError(
      'WALLET_URL must be the URL of the wallet that belongs to the test network in NEAR_RPC_URL; got nothing. The process of that test network prints both. For a real network set NEAR_NETWORK.',
    )
  }
  if (network === undefined && walletUrl && !rpcUrl) {
    throw new StartupError(
      'NEAR_RPC_URL must be the URL of the test network that belongs to the wallet in WALLET_URL; got nothing. For a real network set NEAR_NETWORK.',
    )
  }
  if (network === undefined && !rpcUrl) {
    if (walletPort > 65_535) fail('WALLET_PORT', 'a port from 0 to 65535; its default is PORT + 1', 'nothing')
    if (walletPort === port && port !== 0) {
      fail('WALLET_PORT', 'another port than PORT, because the wallet has a separate origin', String(port))
    }
  }
  if (redisUrl && !sessionSecret) {
    fail(
      'SESSION_SECRET',
      'set together with REDIS_URL, to the same value in all processes, such as the output of: openssl rand -hex 32',
      'nothing',
    )
  }
}

/** @returns {never} */
function fail(variable, expected, got) {
  throw new StartupError(`${variable} must be ${expected}; got ${got}`)
}

/** A value on one line, shortened. Not for values that can hold a secret. */
const show = (value) => JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)

const parseInteger = (min, max, unit) => (variable, value) => {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= min && number <= max) return number
  return fail(variable, `a whole number of ${unit} from ${min} to ${max}`, show(value))
}

function parsePort(variable, value) {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value)
  return fail(variable, 'a port from 0 to 65535, where 0 is any free port', show(value))
}

function parseFolder(variable, value) {
  return value.trim() === '' ? fail(variable, 'the path of a folder', show(value)) : value
}

function parseNetwork(variable, value) {
  if (value === 'mainnet' || value === 'testnet') return value
  return fail(variable, 'mainnet or testnet, or left out for the embedded test network', show(value))
}

function parseSecret(variable, value) {
  if (value.length >= MIN_SECRET_LENGTH) return value
  return fail(
    variable,
    `a secret of at least ${MIN_SECRET_LENGTH} characters, such as the output of: openssl rand -hex 32`,
    `${value.length} characters`,
  )
}

/** Describes a URL without user, password, path and query, which can hold passwords and API keys. */
function describeUrl(value) {
  if (!URL.canParse(value)) return `a text of ${value.length} characters that is not a URL`
  const { protocol, host } = new URL(value)
  return host ? `a URL that starts with ${protocol}//${host}` : `a URL of the scheme ${protocol.slice(0, 20)}`
}

const urlParser = (protocols, example) => (variable, value) => {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value
  return fail(variable, `a URL such as ${example}`, describeUrl(value))
}

function parseRpcUrl(variable, value) {
  const url = URL.canParse(value) ? new URL(value) : undefined
  // Over plain http a third party can answer in the endpoint's name.
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return value
  return fail(
    variable,
    'an https URL, or an http URL on this machine such as http://127.0.0.1:3030',
    describeUrl(value),
  )
}

const isLoopback = (hostname) => hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)

const isHttp = (url) => url.protocol === 'https:' || url.protocol === 'http:'

function parseWalletUrl(variable, value) {
  if (URL.canParse(value) && isHttp(new URL(value)) && !hasCredentials(new URL(value))) return value
  return fail(variable, 'an http(s) URL such as http://localhost:3001', describeUrl(value))
}

/** The address of the site as browsers know it, in the spelling of the header `Origin`. */
function parseOrigin(variable, value) {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url && isHttp(url) && !hasCredentials(url) && url.pathname === '/' && !url.search && !url.hash) {
    return url.origin
  }
  const got =
    url && isHttp(url) ? `${describeUrl(value)} and has more than scheme, host and port` : describeUrl(value)
  return fail(variable, 'an address without a path such as https://app.example.com', got)
}

const hasCredentials = ({ username, password }) => username !== '' || password !== ''

/** The same values that Express takes, apart from `true`, which would trust every visitor's own header. */
function parseTrustProxy(variable, value) {
  if (/^\d{1,3}$/.test(value)) return Number(value)
  const isKnown = (name) => ['loopback', 'linklocal', 'uniquelocal'].includes(name) || isSubnet(name)
  if (value.split(',').every((part) => isKnown(part.trim()))) return value
  return fail(
    variable,
    'a number of proxies, loopback, or a list of addresses such as 10.0.0.0/8',
    show(value),
  )
}

function isSubnet(text) {
  const [address, prefix, ...rest] = text.split('/')
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  if (!bits || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bits)
}
