import bs58 from 'bs58'
import { NearStrategy, type AccessKeySource } from 'passport-near'
import { describe, expect, it } from 'vitest'
import { authenticate, recordedStore, type Outcome } from '../support/strategy'
import { readVectors } from '../support/vectors'

interface Vector {
  source: string
  message: string
  nonce_hex: string
  recipient: string
  callbackUrl: string | null
  accountId: string
  publicKey: string
  signature: string
}

const vectors = readVectors('nep413.json') as Vector[]

async function login(vector: Vector): Promise<{ outcome: Outcome; keyChecks: number }> {
  let keyChecks = 0
  const accessKeys: AccessKeySource = {
    async permission() {
      keyChecks++
      return 'FullAccess'
    },
  }
  const store = recordedStore({
    message: vector.message,
    nonce: Buffer.from(vector.nonce_hex, 'hex').toString('base64'),
    ...(vector.callbackUrl !== null && { callbackUrl: vector.callbackUrl }),
  })
  const strategy = new NearStrategy({ recipient: vector.recipient, store, accessKeys }, (profile, done) =>
    done(null, profile),
  )
  const { accountId, publicKey, signature } = vector
  const outcome = await authenticate(strategy, { body: { accountId, publicKey, signature } })
  return { outcome, keyChecks }
}

/** Each text that differs from this one by one bit in one byte. */
function changedTexts(text: string): string[] {
  const bytes = Buffer.from(text)
  return Array.from(bytes, (_, index) => {
    const changed = Buffer.from(bytes)
    changed[index] = changed[index]! ^ 1
    return changed.toString()
  })
}

function changedBytes(bytes: Uint8Array): Buffer[] {
  return Array.from(bytes, (_, index) => {
    const changed = Buffer.from(bytes)
    changed[index] = changed[index]! ^ 1
    return changed
  })
}

function changed(vector: Vector): Record<string, Vector[]> {
  const key = bs58.decode(vector.publicKey.slice('ed25519:'.length))
  return {
    message: changedTexts(vector.message).map((message) => ({ ...vector, message })),
    nonce: changedBytes(Buffer.from(vector.nonce_hex, 'hex')).map((nonce) => ({
      ...vector,
      nonce_hex: nonce.toString('hex'),
    })),
    recipient: changedTexts(vector.recipient).map((recipient) => ({ ...vector, recipient })),
    callbackUrl: changedTexts(vector.callbackUrl ?? '').map((callbackUrl) => ({ ...vector, callbackUrl })),
    'public key': changedBytes(key).map((bytes) => ({
      ...vector,
      publicKey: `ed25519:${bs58.encode(bytes)}`,
    })),
    signature: changedBytes(Buffer.from(vector.signature, 'base64')).map((bytes) => ({
      ...vector,
      signature: bytes.toString('base64'),
    })),
  }
}

describe.each(vectors)('the recorded signature of $source', (vector) => {
  it('signs in', async () => {
    const { outcome, keyChecks } = await login(vector)
    expect(outcome).toMatchObject({
      action: 'success',
      user: { accountId: vector.accountId, publicKey: vector.publicKey },
    })
    expect(keyChecks).toBe(1)
  })

  for (const [field, variants] of Object.entries(changed(vector))) {
    if (variants.length === 0) continue
    it(`is rejected before any key check with a changed byte in its ${field} (${variants.length} variants)`, async () => {
      for (const variant of variants) {
        const { outcome, keyChecks } = await login(variant)
        expect(outcome).toMatchObject({
          action: 'fail',
          status: 401,
          info: { code: 'ERR_NEAR_SIGNATURE_INVALID' },
        })
        expect(keyChecks).toBe(0)
      }
    })
  }

  it('is rejected with any one character of its text changed', async () => {
    for (const signature of changedTexts(vector.signature)) {
      const { outcome, keyChecks } = await login({ ...vector, signature })
      expect(outcome.action).toBe('fail')
      expect(keyChecks).toBe(0)
    }
  })
})

describe('a recorded signature that includes a callback URL', () => {
  it('is rejected without that URL', async () => {
    const { outcome } = await login({ ...vectors[0]!, callbackUrl: null })
    expect(outcome).toMatchObject({ action: 'fail', info: { code: 'ERR_NEAR_SIGNATURE_INVALID' } })
  })
})

describe('a recorded signature that includes no callback URL', () => {
  it('signs in although the challenge had one, because many wallets omit it', async () => {
    const { outcome } = await login({ ...vectors[1]!, callbackUrl: 'http://localhost:3000' })
    expect(outcome.action).toBe('success')
  })
})
