// A node in a separate process: accounts with 1, 100 and 10,000 keys. Its parent has the private keys.
import { TestNetwork } from 'passport-near/testing'

let network

process.on('message', async ({ publicKey, count }) => {
  if (count) return process.send({ requestCount: network.requestCount })
  network = await TestNetwork.start()
  for (const [accountId, keys] of [
    ['one.test', 1],
    ['hundred.test', 100],
    ['many.test', 10_000],
  ]) {
    const account = await network.createAccount(accountId, { publicKey })
    // The other keys never sign. They differ in their last characters.
    const { publicKey: other } = await network.createAccount(`keys-of-${accountId}`)
    for (let key = 1; key < keys; key++) {
      account.addKey({
        publicKey:
          other.slice(0, -3) +
          [key % 58, Math.floor(key / 58) % 58, Math.floor(key / 3364)]
            .map((digit) => ALPHABET[digit])
            .join(''),
      })
    }
  }
  process.send({ rpcUrl: network.rpcUrl })
})

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
