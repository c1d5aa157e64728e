// Signs challenges with near-api-js.
import { Account, JsonRpcProvider, KeyPairSigner } from 'near-api-js'
import { signMessage } from 'near-api-js/nep413'

export function createSigner(accountId, privateKey) {
  // Nothing is asked of the provider: a challenge is signed offline.
  const provider = new JsonRpcProvider({ url: 'https://rpc.mainnet.fastnear.com' })
  const signerAccount = new Account(accountId, provider, KeyPairSigner.fromSecretKey(privateKey))
  return async ({ message, recipient, nonce, callbackUrl }) => {
    const payload = { message, recipient, nonce, ...(callbackUrl && { callbackUrl }) }
    const { publicKey, signature } = await signMessage({ signerAccount, payload })
    return {
      accountId,
      publicKey: publicKey.toString(),
      signature: Buffer.from(signature).toString('base64'),
    }
  }
}
