// A node in a process of its own: one account with a single key, one with 10,000. Its parent holds the private halves.
import { TestNetwork } from 'passport-near/testing'

process.once('message', async ({ publicKey }) => {
  const network = await TestNetwork.start()
  await network.createAccount('one.test', { publicKey })
  const many = await network.createAccount('many.test', { publicKey })
  const { publicKey: other } = await network.createAccount('keys.test')
  // Keys that differ in their last characters; nobody will sign with them.
  for (let key = 0; key < 9999; key++) {
    many.addKey({
      publicKey:
        other.slice(0, -3) +
        [key % 58, Math.floor(key / 58) % 58, Math.floor(key / 3364)]
          .map((digit) => ALPHABET[digit])
          .join(''),
    })
  }
  process.send({ rpcUrl: network.rpcUrl })
})

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
