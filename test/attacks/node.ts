import { inspect } from 'node:util'
import type { NearStrategyOptions } from 'passport-near'
import { expect } from 'vitest'
import { Cleanup } from '../support/app'
import { answering, handlerError, loginAs, startNode, type Respond } from '../support/nodes'
import type { Attack, Theme } from './row'
import { json } from './stage'

const cannotTell: Attack['refused'] = [503, 'ERR_NEAR_RPC_UNAVAILABLE']
const noKey: Attack['refused'] = [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND']
const limited: Attack['refused'] = [401, 'ERR_NEAR_ACCESS_KEY_NOT_FULL_ACCESS']

type NearOptions = Partial<NearStrategyOptions>

const key = (permission: unknown, more: object = {}): object => ({
  result: { nonce: 1, permission, block_height: 1, block_hash: '1'.repeat(32), ...more },
})
const honest = answering(key('FullAccess'))
const SECRET = 'https://rpc.example.com/?apiKey=secret'
const SCRIPT = `<script>alert(1)</script>\r\nset-cookie: admin=1 ${SECRET}`

/** A login with a good signature, and a node that responds as given about its key. */
const says = (
  what: string,
  respond: Respond,
  refused: Attack['refused'] = cannotTell,
  near: NearOptions = {},
): Attack => ({
  by: 'A malicious node, or an attacker between the server and the node',
  holds: 'the response to the access key request',
  tries: `says ${what}`,
  refused,
  twin: 'the node responds FullAccess as nearcore does',
  stage: async (attack, cleanup) => {
    const { url } = await startNode(cleanup, attack ? respond : honest)
    return { near: { rpc: url, ...near } }
  },
  async play({ alice, open }) {
    const browser = open()
    return json(browser, await alice.signMessage(await browser.challenge()))
  },
})

const permission = (what: string, value: unknown): Attack =>
  says(`the permission ${what}`, answering(key(value)))

const quick: NearOptions = { rpcTimeout: 300 }

export const nodeTheme: Theme = {
  title: 'Malicious nodes',
  rows: [
    says(
      'that there is no such key, followed by a script and a header',
      answering({ result: { error: `access key x does not exist while viewing${SCRIPT}`, logs: [] } }),
      noKey,
    ),
    says(
      'no, in the text of an unrelated error',
      answering({
        error: {
          name: 'HANDLER_ERROR',
          cause: { name: SCRIPT, info: {} },
          code: -32000,
          data: 'access key x does not exist while viewing',
          message: SCRIPT,
        },
      }),
    ),
    says(
      'yes, in the text of an error',
      answering({ error: { code: -32000, message: 'FullAccess', data: key('FullAccess') } }),
    ),
    says(
      'yes and no in one response',
      answering({ ...key('FullAccess'), ...handlerError('UNKNOWN_ACCESS_KEY') }),
    ),
    says(
      'yes, with an error in the result',
      answering(key('FullAccess', { error: 'access key x does not exist while viewing' })),
    ),
    says('yes, with HTTP status 500', answering(key('FullAccess'), 500)),
    says('yes, with HTTP status 400', answering(key('FullAccess'), 400)),
    says('yes, to a request with another id', (_, response) => {
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 'other', ...key('FullAccess') }))
    }),
    says('yes, to a request without an id', (_, response) => {
      response.end(JSON.stringify({ jsonrpc: '2.0', ...key('FullAccess') }))
    }),
    says('yes, in an array', ({ id }, response) => {
      response.end(JSON.stringify([{ jsonrpc: '2.0', id, ...key('FullAccess') }]))
    }),
    says('yes, in an HTML page', ({ id }, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<pre>${JSON.stringify({ id, ...key('FullAccess') })}</pre>`)
    }),
    says('that the response is at another URL', (_, response) => {
      response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()
    }),
    says('nothing', () => undefined, cannotTell, quick),
    says(
      'one byte, and then nothing',
      (_, response) => response.writeHead(200).write('{'),
      cannotTell,
      quick,
    ),
    says('yes, in a response above the size limit', ({ id }, response) => {
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...key('FullAccess'), x: 'x'.repeat(70_000) }))
    }),
    permission('`fullaccess`', 'fullaccess'),
    permission('`FullAccess ` with a trailing space', 'FullAccess '),
    permission('`["FullAccess"]`', ['FullAccess']),
    permission('`{"FullAccess":{}}`', { FullAccess: {} }),
    permission('`true`', true),
    permission('`{}`', {}),
    permission('`null`', null),
    permission('`{"GasKeyFullAccess":true}`', { GasKeyFullAccess: true }),
    permission('FullAccess and FunctionCall in one object', { GasKeyFullAccess: {}, FunctionCall: {} }),
    says(
      'that it is a function-call key whose receiver is called FullAccess',
      answering(key({ FunctionCall: { receiver_id: 'FullAccess', method_names: [] } })),
      limited,
    ),
    {
      by: 'One malicious node of two, with a quorum of 2',
      holds: 'one of the two responses',
      tries: 'says yes for a key that the other node does not know',
      refused: noKey,
      twin: 'the other node knows the key too',
      stage: async (attack, cleanup) => {
        const liar = await startNode(cleanup, honest)
        const other = await startNode(
          cleanup,
          attack ? answering(handlerError('UNKNOWN_ACCESS_KEY')) : honest,
        )
        return { near: { rpc: [liar.url, other.url], quorum: 2 } }
      },
      async play({ alice, open }) {
        const browser = open()
        return json(browser, await alice.signMessage(await browser.challenge()))
      },
    },
    {
      by: 'A node that injects text into logs',
      holds: 'the text of its errors, and a URL with an API key in it',
      tries: 'has both shown or logged',
      outcome: 'neither the rejection nor the error, its cause or their stack traces contain any of it',
      twin: 'a login against a node that says yes succeeds',
      async test({ alice }) {
        const cleanup = new Cleanup()
        try {
          const lies: Respond[] = [
            answering({ error: { name: SCRIPT, cause: { name: SCRIPT, info: SCRIPT }, message: SCRIPT } }),
            answering({ result: { error: `access key x does not exist while viewing ${SCRIPT}` } }),
            answering({ result: { error: SCRIPT } }),
            answering({ result: { permission: SCRIPT } }),
            (_, response) => response.writeHead(503, 'Not now <script>').end(SCRIPT),
            (_, response) => response.end(SCRIPT),
            (_, response) => response.socket?.end('HTTP/1.1 999 <script>\r\n\r\n'),
          ]
          for (const lie of lies) {
            const { url } = await startNode(cleanup, lie)
            const { outcome } = await loginAs(alice, { rpc: `${url}/path?apiKey=secret`, ...quick })
            expect(outcome.action).not.toBe('success')
            expect(inspect(outcome, { depth: 9, showHidden: true })).not.toMatch(
              /script|admin=1|apiKey|secret|127\.0\.0\.1:/,
            )
          }
          const { url } = await startNode(cleanup, honest)
          expect((await loginAs(alice, { rpc: url })).outcome.action).toBe('success')
        } finally {
          await cleanup.run()
        }
      },
    },
  ],
}
