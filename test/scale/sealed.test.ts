import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { describeWithRedis } from '../support/redis'
import { scaled } from '../support/scale'

const CHALLENGES = scaled(1_000_000, 20_000)
const LOGINS = scaled(100_000, 2000)

describeWithRedis('a flood of a site without cookies', () => {
  it(`leaves the heap as it was after ${CHALLENGES} challenges, and sends no request for ${LOGINS} invented states`, async () => {
    if (!existsSync('dist/index.js')) throw new Error('The package is not built: run npm run build first')
    const script = ['--expose-gc', 'test/bench/sealed.mjs', String(CHALLENGES), String(LOGINS)]
    const { stdout } = await promisify(execFile)(process.execPath, script)
    console.log(stdout)
    const [, before, after] = /heap ([\d.]+) MB before, ([\d.]+) MB after/.exec(stdout)!
    expect(Number(after) - Number(before)).toBeLessThan(3)
    expect(stdout).toContain('invented states: 0 Redis commands, 0 keys, 0 RPC requests')
    expect(stdout).toContain('An honest login after that: success')
  }, 240_000)
})
