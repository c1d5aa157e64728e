import { readFileSync } from 'node:fs'
import express from 'express'

const EXECUTOR = readFileSync(new URL('./near-connect-executor.js', import.meta.url), 'utf8')
const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><rect width='10' height='10' rx='2' fill='%23a3540a'/></svg>"

/**
 * The wallet's side of near-connect: `manifest.json`, and the code that the connector runs in a frame of the site.
 *
 * @param {string} url - where the wallet is served
 */
export function nearConnect(url) {
  const wallet = {
    id: 'development-wallet',
    name: 'Development wallet',
    description: 'Test accounts only',
    icon: ICON,
    website: url,
    version: '1.0.0',
    type: 'sandbox',
    platform: ['web'],
    executor: `${url}/near-connect/executor.js`,
    permissions: { storage: true, allowsOpen: [url] },
    features: {
      mainnet: true,
      testnet: true,
      signMessage: true,
      signInWithoutAddKey: true,
      signInAndSignMessage: true,
    },
  }
  return express
    .Router()
    .use((req, res, next) => {
      res.set('Access-Control-Allow-Origin', '*')
      next()
    })
    .get('/manifest.json', (req, res) => res.json({ version: '1.0.0', wallets: [wallet] }))
    .get('/executor.js', (req, res) => res.type('js').send(EXECUTOR))
}
