// Serves the page from another origin than the API, as a CDN does. The page and the API share nothing but HTTP.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { PAGE_PORT = '3002', API_URL = 'http://localhost:3000', WALLET_URL = '' } = process.env
const page = readFileSync('index.html', 'utf8').replace('API_URL', API_URL).replace('WALLET_URL', WALLET_URL)
const client = readFileSync(new URL(import.meta.resolve('passport-near/client')))

createServer((req, res) => {
  const isClient = req.url === '/passport-near-client.js'
  res.setHeader('Content-Type', isClient ? 'text/javascript' : 'text/html; charset=utf-8')
  res.end(isClient ? client : page)
}).listen(Number(PAGE_PORT), 'localhost', () => console.log(`The page: http://localhost:${PAGE_PORT}`))
