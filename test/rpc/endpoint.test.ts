import { NearStrategy, type NearStrategyOptions } from 'passport-near'
import { describe, expect, it } from 'vitest'

const create = (options: Partial<NearStrategyOptions>): NearStrategy =>
  new NearStrategy({ recipient: 'app.example.com', ...options }, () => undefined)

describe('a quorum counts two spellings of one endpoint once', () => {
  it.each([
    ['a trailing dot', 'https://rpc.example.com', 'https://rpc.example.com.'],
    ['upper case', 'https://rpc.example.com', 'https://RPC.example.com'],
    ['the default port', 'https://rpc.example.com', 'https://rpc.example.com:443'],
    ['a trailing slash', 'https://rpc.example.com/v1', 'https://rpc.example.com/v1/'],
    ['two slashes', 'https://rpc.example.com/a/b', 'https://rpc.example.com//a//b'],
    ['a percent escape in the path', 'https://rpc.example.com/near', 'https://rpc.example.com/%6eear'],
    ['a percent escape in the host', 'https://rpc.example.com', 'https://rpc.%65xample.com'],
    ['a query', 'https://rpc.example.com', 'https://rpc.example.com/?apiKey=other'],
    ['the scheme', 'http://localhost', 'https://localhost'],
    ['localhost and its address', 'http://localhost:3030', 'http://127.0.0.1:3030'],
    ['localhost and its IPv6 address', 'http://localhost:3030', 'http://[::1]:3030'],
    ['an IPv4 address in IPv6', 'http://127.0.0.1:3030', 'http://[::ffff:127.0.0.1]:3030'],
    ['an address as an integer', 'http://127.0.0.1:3030', 'http://2130706433:3030'],
    ['another loopback address', 'http://127.0.0.1:3030', 'http://127.8.8.8:3030'],
  ])('%s', (_, first, second) => {
    expect(() => create({ rpc: [first, second], quorum: 2 })).toThrow(
      'option "rpc" must be a list of different endpoints with a quorum; got one endpoint twice',
    )
    expect(() => create({ rpc: [first, second] })).not.toThrow()
  })

  it.each([
    ['hosts', 'https://rpc.example.com', 'https://rpc.example.org'],
    ['ports', 'http://127.0.0.1:3030', 'http://127.0.0.1:3031'],
    ['paths', 'https://rpc.example.com/one', 'https://rpc.example.com/two'],
    ['paths that cannot be decoded', 'https://rpc.example.com/%', 'https://rpc.example.com/%%'],
  ])('but accepts different %s twice', (_, first, second) => {
    expect(() => create({ rpc: [first, second], quorum: 2 })).not.toThrow()
  })
})

describe('plain http', () => {
  it.each([
    'http://localhost:3030',
    'http://localhost.:3030',
    'http://node.localhost',
    'http://127.0.0.1',
    'http://[::1]:3030',
  ])('is accepted for this machine: %s', (rpc) => {
    expect(() => create({ rpc })).not.toThrow()
  })

  it.each([
    'http://rpc.example.com',
    'http://localhost.example.com',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
    'http://notlocalhost',
  ])('is rejected for another machine: %s', (rpc) => {
    const expected = /option "rpc" must be an https URL, .*insecure: true.*; got a plain http URL of another/
    expect(() => create({ rpc })).toThrow(expected)
    expect(() => create({ rpc: { url: rpc, insecure: false } })).toThrow(expected)
  })

  it('is accepted for another machine with insecure: true', () => {
    expect(() => create({ rpc: { url: 'http://rpc.internal:3030', insecure: true } })).not.toThrow()
  })

  it('omits the URL, which may have an API key, from messages', () => {
    const rpc = 'http://rpc.example.com/secret?apiKey=secret'
    expect(() => create({ rpc })).toThrow(expect.not.stringContaining('secret') as string)
    try {
      create({ rpc })
    } catch (error) {
      expect((error as Error).message).not.toMatch(/secret|rpc\.example/)
    }
  })
})

it('an endpoint with a mistyped field is rejected', () => {
  expect(() => create({ rpc: { url: 'https://rpc.example.com', header: {} } as never })).toThrow(
    'NearStrategy: option "rpc": option "header" is not known; expected one of url, headers, insecure',
  )
})
