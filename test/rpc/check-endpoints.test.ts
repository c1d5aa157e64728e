import { NearStrategy } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Cleanup, listen, openConnections } from '../support/app'
import { answering, startNode } from '../support/nodes'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const verify = (profile: object, done: (error: null, user: object) => void): void => done(null, profile)

async function startNetwork(chainId: string): Promise<TestNetwork> {
  const network = await TestNetwork.start({ chainId })
  cleanup.add(() => network.stop())
  return network
}

describe('checkEndpoints', () => {
  it('reports the chain of each endpoint, the age of its latest block and its delay', async () => {
    const [mainnet, testnet] = [await startNetwork('mainnet'), await startNetwork('testnet')]
    const near = new NearStrategy({ recipient: 'r', rpc: [mainnet.rpcUrl, testnet.rpcUrl] }, verify)
    const reports = await near.checkEndpoints()
    expect(reports).toMatchObject([
      { endpoint: 1, responds: true, chainId: 'mainnet', isExpectedNetwork: true },
      { endpoint: 2, responds: true, chainId: 'testnet', isExpectedNetwork: false },
    ])
    for (const { blockAge, duration } of reports) {
      expect(blockAge).toBeLessThan(10_000)
      expect(duration).toBeGreaterThanOrEqual(0)
    }
  })

  it.each([
    ['http-429', 'HTTP status 429'],
    ['html', 'a response that is not JSON'],
    ['reset', 'no response (ECONNRESET)'],
  ] as const)('says why an endpoint does not respond: %s', async (failure, reason) => {
    const network = await startNetwork('mainnet')
    network.fail(failure)
    const near = new NearStrategy({ recipient: 'r', rpc: network.rpcUrl }, verify)
    expect(await near.checkEndpoints()).toMatchObject([{ endpoint: 1, responds: false, reason }])
  })

  it('waits for a silent endpoint no longer than rpcTimeout, and reports the others', async () => {
    const [silent, good] = [await startNetwork('mainnet'), await startNetwork('mainnet')]
    silent.fail('hang')
    const rpc = [silent.rpcUrl, good.rpcUrl]
    const near = new NearStrategy({ recipient: 'r', rpc, rpcTimeout: 200 }, verify)
    expect(await near.checkEndpoints()).toMatchObject([
      { endpoint: 1, responds: false, reason: 'no response in time' },
      { endpoint: 2, responds: true },
    ])
  })

  it('closes the connection to a silent endpoint', async () => {
    const { url, server } = await listen(() => undefined, cleanup)
    const open = openConnections(server)
    const near = new NearStrategy({ recipient: 'r', rpc: url, rpcTimeout: 100 }, verify)
    await near.checkEndpoints()
    await vi.waitFor(() => expect(open.size).toBe(0))
  })

  it.each<[string, unknown]>([
    ['no fields', {}],
    ['a chain that is not a name', { chain_id: '<script>', sync_info: { latest_block_time: '2026-01-01' } }],
    ['a block without a time', { chain_id: 'mainnet', sync_info: { latest_block_time: 'now' } }],
    ['no block', { chain_id: 'mainnet' }],
  ])('a status with %s is no status', async (_, result) => {
    const { url } = await startNode(cleanup, answering({ result }))
    const near = new NearStrategy({ recipient: 'r', rpc: url }, verify)
    expect(await near.checkEndpoints()).toMatchObject([
      { responds: false, reason: 'a response that is not a status' },
    ])
  })

  it('shows no URL and no header of an endpoint', async () => {
    const rpc = [{ url: 'http://127.0.0.1:1/?key=hunter2', headers: { authorization: 'hunter2' } }]
    const near = new NearStrategy({ recipient: 'r', rpc }, verify)
    const reports = await near.checkEndpoints()
    expect(reports).toMatchObject([{ responds: false, reason: 'no response (ECONNREFUSED)' }])
    expect(JSON.stringify(reports)).not.toMatch(/hunter2|127\.0\.0\.1/)
  })

  it('has nothing to report with a source of keys in place of endpoints', async () => {
    const accessKeys = { permission: async () => 'FullAccess' as const }
    expect(await new NearStrategy({ recipient: 'r', accessKeys }, verify).checkEndpoints()).toEqual([])
  })
})
