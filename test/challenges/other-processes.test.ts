import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const CODE = 'PASSPORT_NEAR_SEVERAL_PROCESSES'

/** Issues two challenges in a child process, with a store each. Counts the warnings. */
const ISSUE = `
const { SessionChallengeStore, RedisChallengeStore } = require('./dist/index.js')
const challenge = { state: 's', nonce: Buffer.alloc(32).toString('base64'), message: 'm', issuedAt: Date.now(), expiresAt: Date.now() + 1000, purpose: 'p', issuedTo: null }
const client = { eval: async () => 1, evalSha: async () => 1 }
let warnings = 0
process.on('warning', ({ code }) => { if (code === '${CODE}') warnings++ })
const createStore = () => process.env.STORE === 'redis' ? new RedisChallengeStore(client) : new SessionChallengeStore()
const issueTwice = async () => {
  for (let count = 0; count < 2; count++) await createStore().issue({ sessionID: 's', session: {} }, challenge)
  await new Promise(setImmediate)
  return warnings
}`

const ALONE = `${ISSUE}
issueTwice().then((count) => console.log(count))`

const IN_A_CLUSTER = `
const cluster = require('node:cluster')
if (cluster.isPrimary) cluster.fork().on('message', (count) => console.log(count))
else {
  ${ISSUE}
  issueTwice().then((count) => process.send(count, () => process.exit()))
}`

async function warnings(code: string, env: Record<string, string> = {}): Promise<number> {
  const { NODE_APP_INSTANCE: _, ...inherited } = process.env
  // A cluster's worker runs the file of its primary.
  const directory = await mkdtemp(join(tmpdir(), 'passport-near-'))
  try {
    const file = join(directory, 'main.cjs')
    await writeFile(file, code.replaceAll('./dist/index.js', join(process.cwd(), 'dist/index.js')))
    const { stdout } = await run(process.execPath, [file], { env: { ...inherited, ...env } })
    return Number(stdout)
  } finally {
    await rm(directory, { recursive: true })
  }
}

it.each<[string, number, string, Record<string, string>]>([
  ['one of several processes of PM2 warns once', 1, ALONE, { NODE_APP_INSTANCE: '0' }],
  ['a worker of node:cluster warns once', 1, IN_A_CLUSTER, {}],
  ['a single process does not warn', 0, ALONE, {}],
  [
    'one of several processes with RedisChallengeStore does not warn',
    0,
    ALONE,
    { NODE_APP_INSTANCE: '0', STORE: 'redis' },
  ],
  ['a worker with RedisChallengeStore does not warn', 0, IN_A_CLUSTER, { STORE: 'redis' }],
])('%s', async (_, expected, code, env) => {
  expect(await warnings(code, env)).toBe(expected)
})
