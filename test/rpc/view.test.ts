import { NearStrategy, type NearStrategyOptions } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { answering, startNode } from '../support/nodes'

const cleanup = new Cleanup()
let network: TestNetwork

beforeEach(async () => {
  network = await TestNetwork.start()
  cleanup.add(() => network.stop())
  network.deployContract('dao.test', {
    is_member: ({ account_id }: { account_id: string }) => account_id === 'alice.test',
    echo: (args: unknown) => args,
    nothing: () => undefined,
    bytes: () => Buffer.from([0xff]),
    fail() {
      throw new Error('no such proposal')
    },
  })
})
afterEach(() => cleanup.run())

const create = (options: Partial<NearStrategyOptions> = {}): NearStrategy =>
  new NearStrategy({ recipient: 'r', rpc: network.rpcUrl, ...options }, () => undefined)

describe('a view call', () => {
  it('sends and returns JSON', async () => {
    const near = create()
    const member = (account_id: string): Promise<unknown> =>
      near.view({ contractId: 'dao.test', method: 'is_member', args: { account_id } })
    expect(await member('alice.test')).toBe(true)
    expect(await member('eve.test')).toBe(false)
    expect(await near.view({ contractId: 'dao.test', method: 'echo' })).toEqual({})
    expect(await near.view({ contractId: 'dao.test', method: 'echo', args: ['é', null] })).toEqual([
      'é',
      null,
    ])
    expect(await near.view({ contractId: 'dao.test', method: 'nothing' })).toBeUndefined()
  })

  it('is at the latest final block, with the names of the arguments that nodes know', async () => {
    const node = await startNode(cleanup, answering({ result: { result: [...Buffer.from('1')], logs: [] } }))
    const method = `_${'aZ9_'.repeat(63)}abc`
    expect(await create({ rpc: node.url }).view({ contractId: 'dao.test', method, args: 'é' })).toBe(1)
    expect(node.requests).toMatchObject([
      {
        method: 'query',
        params: {
          request_type: 'call_function',
          finality: 'final',
          account_id: 'dao.test',
          method_name: method,
          args_base64: Buffer.from('"é"').toString('base64'),
        },
      },
    ])
  })

  it('may return 60 kB, which a node sends in 240 kB', async () => {
    network.deployContract('dao.test', { long: () => '\u007f'.repeat(60_000) })
    const calling = create().view({ contractId: 'dao.test', method: 'long' })
    expect(await calling).toHaveLength(60_000)
    network.deployContract('dao.test', { long: () => '\u007f'.repeat(70_000) })
    await expect(create().view({ contractId: 'dao.test', method: 'long' })).rejects.toThrow(
      '(Endpoint 1 of 1: a response of more than 262144 bytes)',
    )
  })

  it.each<[string, string, RegExp]>([
    ['dao.test', 'fail', /the account does not exist, or its contract returned no value/],
    ['dao.test', 'absent', /the account does not exist, or its contract returned no value/],
    ['absent.test', 'is_member', /the account does not exist, or its contract returned no value/],
    ['dao.test', 'bytes', /the contract returned no JSON/],
  ])('of %s and %s has no value, which is an error', async (contractId, method, message) => {
    const calling = create().view({ contractId, method })
    await expect(calling).rejects.toMatchObject({
      name: 'NearServiceError',
      code: 'ERR_NEAR_RPC_UNAVAILABLE',
      status: 503,
    })
    await expect(calling).rejects.toThrow(message)
    await expect(calling).rejects.not.toThrow(/proposal/)
  })

  it('has the error of the first endpoint that knows, and asks no other', async () => {
    const second = await startNode(
      cleanup,
      answering({ result: { result: [...Buffer.from('1')], logs: [] } }),
    )
    const rpc = [network.rpcUrl, second.url]
    const calling = create({ rpc }).view({ contractId: 'dao.test', method: 'fail' })
    await expect(calling).rejects.toMatchObject({ cause: { name: 'InvalidResponseError' } })
    expect(second.requests).toEqual([])
  })

  it('asks the next endpoint when one cannot tell, within the time limit', async () => {
    const dead = await startNode(cleanup, answering({}, 500))
    const view = { contractId: 'dao.test', method: 'echo', args: 1 }
    expect(await create({ rpc: [dead.url, network.rpcUrl] }).view(view)).toBe(1)
    const hanging = await startNode(cleanup, () => undefined)
    const began = performance.now()
    const calling = create({ rpc: hanging.url, rpcTimeout: 300 }).view(view)
    await expect(calling).rejects.toThrow(/Endpoint 1 of 1: no response in time/)
    expect(performance.now() - began).toBeLessThan(700)
  })

  it('with a quorum needs endpoints that agree', async () => {
    const answer = (value: string): object => ({ result: { result: [...Buffer.from(value)], logs: [] } })
    const [first, same, other] = await Promise.all(
      ['[1]', '[1]', '[2]'].map((value) => startNode(cleanup, answering(answer(value)))),
    )
    const view = { contractId: 'dao.test', method: 'echo' }
    expect(await create({ rpc: [first!.url, same!.url], quorum: 2 }).view(view)).toEqual([1])
    const calling = create({ rpc: [first!.url, other!.url], quorum: 2 }).view(view)
    await expect(calling).rejects.toMatchObject({ status: 503, cause: { name: 'RpcUnavailableError' } })
    await expect(calling).rejects.toThrow(/another response than before it/)
    for (const rpc of [
      [network.rpcUrl, first!.url],
      [first!.url, network.rpcUrl],
    ]) {
      const failing = create({ rpc, quorum: 2 }).view({ contractId: 'dao.test', method: 'fail' })
      await expect(failing).rejects.toThrow(/its contract returned no value/)
    }
  })

  it.each<[unknown, RegExp]>([
    [undefined, /options must be an object/],
    [{ method: 'x' }, /contractId must be a NEAR account id/],
    [{ contractId: 'X', method: 'x' }, /contractId/],
    [{ contractId: 'dao.test' }, /method must be the name of a function/],
    ...['', 'a b', ' a', 'a ', '1a', 'é', 'a'.repeat(257), 1, null].map((method): [unknown, RegExp] => [
      { contractId: 'dao.test', method },
      /NearStrategy.view: method must be the name of a function/,
    ]),
    [{ contractId: 'dao.test', method: 'x', args: () => 1 }, /args must be a value that JSON can hold/],
    [{ contractId: 'dao.test', method: 'x', args: { n: 1n } }, /args/],
    [{ contractId: 'dao.test', method: 'x', arg: {} }, /"arg" is not known/],
  ])('with %o is a TypeError', async (request, message) => {
    const calling = create().view(request as never)
    await expect(calling).rejects.toThrow(TypeError)
    await expect(calling).rejects.toThrow(message)
    expect(network.requestCount).toBe(0)
  })

  it('needs endpoints', async () => {
    const accessKeys = { permission: async () => undefined }
    const near = create({ rpc: undefined, accessKeys })
    await expect(near.view({ contractId: 'dao.test', method: 'echo' })).rejects.toThrow(
      /the strategy has no endpoints, because option "accessKeys" is set/,
    )
  })
})
