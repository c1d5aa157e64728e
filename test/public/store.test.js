const { SessionChallengeStore } = require('passport-near')
const { challengeStoreContract } = require('passport-near/testing')

describe('SessionChallengeStore', () => {
  challengeStoreContract({ test, createStore: () => new SessionChallengeStore(), shared: false })
})
