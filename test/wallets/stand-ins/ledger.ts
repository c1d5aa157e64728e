import type { FrameLocator } from 'playwright-core'
import bs58 from 'bs58'
import type { StandIn, Wallet } from './wallet'

/**
 * A Ledger on WebHID: takes the reports of the transport apart into APDUs and answers them as the NEAR app does.
 *
 * @see {@link https://www.npmjs.com/package/@ledgerhq/devices/v/8.4.4?activeTab=code hid-framing.js}
 * @see {@link https://github.com/LedgerHQ/app-near/blob/develop/doc/apdu.md APDUs of the NEAR app}
 */
function pluggedIn(publicKey: number[]): void {
  const listeners = new Set<(event: any) => void>()
  const DASHBOARD = 0xb0
  const GET_PUBLIC_KEY = 4
  const GET_VERSION = 6
  const SIGN_NEP413 = 7
  const LAST_CHUNK = 0x80
  const OK = [0x90, 0x00]
  const DECLINED = [0x69, 0x85]
  let channel = 0
  let frames: number[] = []
  let signing: number[] = []

  const respond = async (response: number[]): Promise<void> => {
    let rest = [response.length >> 8, response.length & 255, ...response]
    for (let sequence = 0; rest.length > 0; sequence++) {
      await new Promise((resolve) => setTimeout(resolve)) // a device answers later, report by report
      const frame = new Uint8Array(64)
      frame.set([channel >> 8, channel & 255, 5, sequence >> 8, sequence & 255, ...rest.slice(0, 59)])
      rest = rest.slice(59)
      listeners.forEach((listener) => listener({ data: new DataView(frame.buffer) }))
    }
  }

  const onApdu = async ([group, instruction, p1, , , ...data]: number[]): Promise<void> => {
    // Which app runs: format, length, name, length, version.
    if (group === DASHBOARD) return respond([1, 4, ...new TextEncoder().encode('NEAR'), 1, 0x31, ...OK])
    if (instruction === GET_PUBLIC_KEY) return respond([...publicKey, ...OK])
    if (instruction === GET_VERSION) {
      signing = []
      return respond([1, 4, 0, ...OK])
    }
    if (instruction !== SIGN_NEP413)
      throw new Error(`The stand-in does not know the instruction ${instruction}`)
    signing.push(...data)
    if (p1 !== LAST_CHUNK) return respond(OK)
    // The first 20 bytes are the derivation path. The app adds NEP-413's tag itself.
    const payload = [...new Uint8Array(new Uint32Array([2 ** 31 + 413]).buffer), ...signing.slice(20)]
    const reply = await walletAskForBytes(payload.map((byte) => byte.toString(16).padStart(2, '0')).join(''))
    if (reply.choice !== 'approve') return respond(DECLINED)
    return respond([...Array.from(atob(reply.signature), (character) => character.charCodeAt(0)), ...OK])
  }

  const device = {
    vendorId: 0x2c97,
    productId: 0x1011,
    opened: true,
    async open() {},
    async close() {},
    addEventListener: (_: string, listener: any) => listeners.add(listener),
    removeEventListener: (_: string, listener: any) => listeners.delete(listener),
    async sendReport(_id: number, report: Uint8Array) {
      channel = report[0]! * 256 + report[1]!
      frames.push(...report.slice(5, 64))
      const length = frames[0]! * 256 + frames[1]!
      if (frames.length < length + 2) return
      const apdu = frames.slice(2, length + 2)
      frames = []
      void onApdu(apdu)
    },
  }
  const hid = {
    getDevices: async () => [device],
    requestDevice: async () => [device],
    addEventListener() {},
    removeEventListener() {},
  }
  Object.defineProperty(navigator, 'hid', { value: hid })
}

export const ledger: StandIn = {
  id: 'ledger',
  name: 'Ledger',
  standsInFor: 'device',
  source: 'https://github.com/LedgerHQ/app-near/blob/develop/doc/apdu.md',
  connectFirst: true,
  async install({ context, wallet }) {
    await context.addInitScript(pluggedIn, [...bs58.decode(wallet.publicKey.split(':')[1]!)])
  },
}

/** Goes through the dialogue of Ledger's own code in near-connect's frame. */
export async function useLedger(frame: FrameLocator, wallet: Wallet): Promise<void> {
  await frame.locator('#confirmBtn').click() // the derivation path
  await frame.locator('#accountIdInput').fill(wallet.accountId)
  await frame.locator('#confirmBtn').click()
  if (wallet.choice === 'decline') await frame.locator('#approvalCancelBtn').click()
}
