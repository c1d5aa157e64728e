/** The response has the code, a message and the status, and no other field. */
function expectError(response, status, code) {
  expect(response.body).toEqual({ code, message: expect.stringMatching(/\w+ \w+/) })
  expect(response.status).toBe(status)
}

/**
 * Posts a login that must not sign in. Checks the response, and that the session has no user, `verify` was
 * not called, and no RPC request was made unless the access key decides.
 */
async function expectNoLogin(site, browser, body, { status, code, rpcRequests = 0 }) {
  const userBefore = await browser.user()
  const requestsBefore = site.network.requestCount
  const profilesBefore = site.profiles.length
  const response = await browser.post('/login/near', body)
  expectError(response, status, code)
  expect(site.network.requestCount - requestsBefore).toBe(rpcRequests)
  expect(site.profiles).toHaveLength(profilesBefore)
  expect(await browser.user()).toEqual(userBefore)
}

module.exports = { expectError, expectNoLogin }
