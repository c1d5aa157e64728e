test('require returns the strategy class', () => {
  const NearStrategy = require('passport-near')
  expect(typeof NearStrategy).toBe('function')
  expect(NearStrategy.name).toBe('NearStrategy')
  const strategy = new NearStrategy({ recipient: 'app.example.com' }, () => undefined)
  expect(strategy).toBeInstanceOf(require('passport-strategy'))
  expect(strategy.name).toBe('near')
})

test.each(['Strategy', 'NearStrategy', 'default'])('the export %s is the same class', (name) => {
  const NearStrategy = require('passport-near')
  expect(NearStrategy[name]).toBe(NearStrategy)
})

test('require resolves to the built package', () => {
  expect(require.resolve('passport-near')).toMatch(/[\\/]dist[\\/]index\.js$/)
  expect(require.resolve('passport-near/testing')).toMatch(/[\\/]dist[\\/]testing[\\/]index\.js$/)
})

test('the other public names are exports', () => {
  expect({ ...require('passport-near') }).toMatchObject({
    SessionChallengeStore: expect.any(Function),
    RedisChallengeStore: expect.any(Function),
    NearAuthError: expect.any(Function),
    NearLoginRejected: expect.any(Function),
    NearServiceError: expect.any(Function),
    nearApiAccessKeys: expect.any(Function),
    hashPayload: expect.any(Function),
    verifySignature: expect.any(Function),
  })
})

test('the testing kit is loaded with require', () => {
  expect(require('passport-near/testing')).toMatchObject({
    TestNetwork: expect.any(Function),
    TestAccount: expect.any(Function),
    challengeStoreContract: expect.any(Function),
  })
})

test('a file that is not an entry cannot be loaded', () => {
  expect(() => require('passport-near/dist/index.js')).toThrow(/Cannot find module|not exported|exports/)
})

test('a wrong option throws a TypeError that names the option', () => {
  const NearStrategy = require('passport-near')
  const create = (options) => () => new NearStrategy(options, () => undefined)
  expect(create({})).toThrow(TypeError)
  expect(create({})).toThrow(/"recipient"/)
  expect(create({ recipient: 'app.example.com', rpcTimeout: '5s' })).toThrow(/"rpcTimeout"/)
})
