import { format, resolveConfig } from 'prettier'
import { afterEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { account } from './account'
import { bodies } from './body'
import { contracts } from './contract'
import { guards } from './guards'
import { key } from './key'
import { nodeTheme } from './node'
import { payload } from './payload'
import { redirect } from './redirect'
import { relay } from './relay'
import { replay } from './replay'
import type { Attack, Row, Theme } from './row'
import { seams } from './seams'
import { session } from './session'
import { fixedMessage, setStage, whoIs, type Stage } from './stage'
import { transport } from './transport'
import { withoutCookies } from './without-cookies'

const themes: readonly Theme[] = [
  relay,
  replay,
  session,
  payload,
  account,
  key,
  bodies,
  transport,
  redirect,
  nodeTheme,
  contracts,
  seams,
  guards,
  withoutCookies,
]

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const isAttack = (row: Row): row is Attack => 'refused' in row

/** Runs an attack or its twin, and sends the request under test. */
async function send(attack: Attack, isAttack: boolean): Promise<Result> {
  const stage = await setStage(
    cleanup,
    typeof attack.stage === 'function' ? await attack.stage(isAttack, cleanup) : attack.stage,
  )
  const { browser, init, path = '/login/near' } = await attack.play(stage, isAttack)
  const before = {
    rpc: stage.network.requestCount,
    verified: stage.verified.length,
    user: await whoIs(browser),
  }
  const response = await browser.request(path, init)
  const body: unknown = await response.json()
  return {
    stage,
    status: response.status,
    body: body as Result['body'],
    rpcCalls: stage.network.requestCount - before.rpc,
    verifyCalls: stage.verified.length - before.verified,
    userBefore: before.user,
    userAfter: await whoIs(browser),
    isLogin: path === '/login/near',
  }
}

interface Result {
  stage: Stage
  status: number
  body: { code?: string; message?: string; id?: string }
  rpcCalls: number
  verifyCalls: number
  userBefore: unknown
  userAfter: unknown
  isLogin: boolean
}

/** Removes the text that names the endpoint and its failure, such as `(Endpoint 1 of 1: HTTP status 500)`. */
const withoutDetail = (message: string | undefined): string | undefined =>
  message?.replace(/ \(Endpoint \d of \d: [\w, -]+\)$/, '')

const title = ({ by, holds, tries }: Row): string => `${by} has ${holds}, and ${tries}`

function testAttack(attack: Attack): void {
  const [status, code] = attack.refused
  it(`${title(attack)}: ${status} ${code}`, async () => {
    const result = await send(attack, true)
    expect([result.status, result.body.code]).toEqual([status, code])
    const message = fixedMessage(code)
    if (message)
      expect({ ...result.body, message: withoutDetail(result.body.message) }).toEqual({ code, message })
    expect(result.rpcCalls).toBe(attack.asks ?? 0)
    expect(result.verifyCalls).toBe(0)
    expect(result.userAfter).toEqual(result.userBefore)
  })

  it(`… but the login succeeds when: ${attack.twin} (${attack.tries})`, async () => {
    const result = await send(attack, false)
    expect(result.body).not.toHaveProperty('code')
    expect(result.status).toBe(200)
    expect(result.verifyCalls).toBe(1)
    const { accountId, publicKey, ...profile } = result.stage.verified.at(-1)!
    if ('via' in profile && profile.via === 'contract') expect(publicKey).toBeUndefined()
    else expect(publicKey).toMatch(/^(ed25519|secp256k1|ml-dsa-65):[1-9A-HJ-NP-Za-km-z]+$/)
    if (result.isLogin) expect(result.userAfter).toEqual({ id: accountId })
  })
}

for (const { title: theme, rows } of themes) {
  describe(theme, () => {
    for (const row of rows) {
      if (isAttack(row)) testAttack(row)
      else {
        it(`${title(row)}: ${row.outcome}`, async () => row.test(await setStage(cleanup, row.stage)))
      }
    }
  })
}

describe('the table of attacks', () => {
  const escape = (text: string): string =>
    text.replace(/[|\\<]/g, (sign) => `\\${sign}`).replace(/__/g, '\\_\\_')

  const line = (row: Row): string => {
    const outcome = isAttack(row)
      ? `${row.refused[0]} \`${row.refused[1]}\`${row.asks ? `; ${row.asks} RPC call${row.asks > 1 ? 's' : ''}` : ''}`
      : row.outcome
    return `| ${[row.by, row.holds, row.tries].map(escape).join(' | ')} | ${outcome} | ${escape(row.twin)} |`
  }

  it('README.md lists every tested row', async () => {
    const text = [
      '# The attack table',
      '',
      'Each row runs over HTTP against a running application. It then runs a second time as its twin: the',
      'same story without the one thing that the attack consists of. The twin must succeed, so no attack is',
      'rejected by accident. A rejection costs no RPC call unless the row names one. `verify` is not called,',
      'the user of the session does not change, and the response is the fixed text of its code.',
      '',
      '`npx vitest run test/attacks -u` writes this page.',
      ...themes.flatMap(({ title: theme, rows }) => [
        '',
        `## ${theme}`,
        '',
        '| Attacker | Has | Does | Expected outcome | Difference in the twin |',
        '| --- | --- | --- | --- | --- |',
        ...rows.map(line),
      ]),
    ].join('\n')
    const options = await resolveConfig('test/attacks/README.md')
    await expect(await format(text, { ...options, parser: 'markdown' })).toMatchFileSnapshot('README.md')
  })

  it('has each row once', () => {
    const titles = themes.flatMap(({ rows }) => rows.map((row) => `${title(row)} ${row.twin}`))
    expect(titles.filter((each, index) => titles.indexOf(each) !== index)).toEqual([])
  })
})
