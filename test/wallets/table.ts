import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { explainRefusal } from '../../example/site/refusals.mjs'
import { readNonce, type WalletRequest } from './stand-ins/wallet'

const PAGE = 'docs/wallets.md'
const HEADINGS = [
  'wallet',
  'connector',
  'what is not published code',
  'nonce arrives as',
  'callback URL',
  'who declines reads',
  'who closes the window reads',
]

export type Cell = (typeof HEADINGS)[number]

/** How the wallet got the nonce, over all sign-ins. */
export const nonceForms = (requests: WalletRequest[]): string =>
  [
    ...new Set(
      requests.map(({ nonce }) => (Buffer.isBuffer(nonce) ? 'bytes of the payload' : readNonce(nonce).form)),
    ),
  ].join(', ')

/** Whether the wallet was asked to sign the callback URL, by the requests of a site that has one. */
export const callbackUrlOf = (requests: WalletRequest[]): string =>
  requests.some(
    ({ callbackUrl, nonce }) => callbackUrl ?? (Buffer.isBuffer(nonce) && nonce.includes('http://127.0.0.1')),
  )
    ? 'handed to the wallet'
    : 'dropped'

/** What a person reads on the example's page: its texts, cut to their first clause. */
export const reading = (refusal: Record<string, unknown>): string =>
  `“${explainRefusal(refusal).text.split(/[,.]/)[0]!}”`

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

/** Compares what the tests saw with the wallet's row in docs/wallets.md. `UPDATE_WALLETS=1` writes the row. */
export function expectRow(seen: Record<Cell, string>): void {
  const row = HEADINGS.map((heading) => seen[heading])
  const lines = readFileSync(PAGE, 'utf8').split('\n')
  const heading = lines.findIndex((line) => cellsOf(line).join() === HEADINGS.join())
  const isRow = (line: string): boolean => cellsOf(line).slice(0, 2).join() === row.slice(0, 2).join()
  let index = lines.findIndex((line, number) => number > heading && isRow(line))
  if (process.env.UPDATE_WALLETS) {
    if (index < 0) {
      index = heading + 2
      while (lines[index]?.startsWith('|')) index++
      lines.splice(index, 0, '')
    }
    lines[index] = `| ${row.join(' | ')} |`
    writeFileSync(PAGE, lines.join('\n'))
    return
  }
  expect(index, `${PAGE} has no row for ${row[0]} with ${row[1]}: run with UPDATE_WALLETS=1`).toBeGreaterThan(
    0,
  )
  expect(cellsOf(lines[index]!), 'what the page says of the wallet').toEqual(row)
}
