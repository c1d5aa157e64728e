import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, expect, it } from 'vitest'
import { Browser, Cleanup } from '../support/app'
import { describeWithRedis, RedisServer } from '../support/redis'
import { until } from '../support/until'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

interface Process {
  url: string
  kill: () => Promise<void>
}

async function start(framework: string, redis: string, rpc: string): Promise<Process> {
  const child: ChildProcess = fork('test/challenges/crash-site.mjs', [framework, redis, rpc])
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  cleanup.add(kill)
  const [url] = (await once(child, 'message')) as [string]
  return { url, kill }
}

describeWithRedis('a process that is killed during the key check', () => {
  it.each(['express', 'fastify', 'koa'])(
    'leaves a consumed challenge: the same login is rejected after the restart (%s)',
    async (framework) => {
      const redis = await RedisServer.start(cleanup)
      const network = await TestNetwork.start()
      cleanup.add(() => network.stop())
      const alice = await network.createAccount('alice.test')
      const first = await start(framework, redis.url, network.rpcUrl)
      const browser = new Browser(first.url)
      // The twin: the login succeeds.
      expect((await browser.login(await alice.signMessage(await browser.challenge()))).status).toBe(200)

      const login = await alice.signMessage(await browser.challenge())
      const another = await alice.signMessage(await browser.challenge())
      const { cookie } = browser
      const before = network.requestCount
      network.fail('hang')
      const interrupted = browser.login(login).catch(() => 'no response')
      await until(() => network.requestCount > before)
      await first.kill()
      expect(await interrupted).toBe('no response')

      network.recover()
      const second = await start(framework, redis.url, network.rpcUrl)
      const returning = Object.assign(new Browser(second.url), { cookie })
      const requests = network.requestCount
      expect(await returning.login(login)).toMatchObject({
        status: 401,
        body: { code: 'ERR_NEAR_CHALLENGE_MISSING' },
      })
      expect(network.requestCount).toBe(requests)
      // The session's other challenge survived the crash.
      expect((await returning.login(another)).status).toBe(200)
    },
    60_000,
  )
})
