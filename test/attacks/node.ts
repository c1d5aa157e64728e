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

/** A login whose signature is good, and a node that says something of its key. */
const says = (
  what: string,
  respond: Respond,
  refused: Attack['refused'] = cannotTell,
  near: NearOptions = {},
): Attack => ({
  by: 'A node that lies, or whoever stands between',
  holds: 'the answer to the question about the key',
  tries: `says ${what}`,
  refused,
  twin: 'it says FullAccess as nearcore does',
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
  title: 'Nodes that lie',
  rows: [
    says(
      'that there is no such key, with a script and a header behind it',
      answering({ result: { error: `access key x does not exist while viewing${SCRIPT}`, logs: [] } }),
      noKey,
    ),
    says(
      'no, in the text of an error that is about something else',
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
    says('yes and no at once', answering({ ...key('FullAccess'), ...handlerError('UNKNOWN_ACCESS_KEY') })),
    says(
      'yes, and an error inside of the result',
      answering(key('FullAccess', { error: 'access key x does not exist while viewing' })),
    ),
    says('yes, with HTTP status 500', answering(key('FullAccess'), 500)),
    says('yes, with HTTP status 400', answering(key('FullAccess'), 400)),
    says('yes, to a question with another id', (_, response) => {
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 'other', ...key('FullAccess') }))
    }),
    says('yes, to a question without an id', (_, response) => {
      response.end(JSON.stringify({ jsonrpc: '2.0', ...key('FullAccess') }))
    }),
    says('yes, in a list', ({ id }, response) => {
      response.end(JSON.stringify([{ jsonrpc: '2.0', id, ...key('FullAccess') }]))
    }),
    says('yes, in a page', ({ id }, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<pre>${JSON.stringify({ id, ...key('FullAccess') })}</pre>`)
    }),
    says('that the answer is elsewhere', (_, response) => {
      response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()
    }),
    says('nothing', () => undefined, cannotTell, quick),
    says(
      'one byte, and then nothing',
      (_, response) => response.writeHead(200).write('{'),
      cannotTell,
      quick,
    ),
    says('more than anybody wants to hear', ({ id }, response) => {
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...key('FullAccess'), x: 'x'.repeat(70_000) }))
    }),
    permission('`fullaccess`', 'fullaccess'),
    permission('`FullAccess ` with a space', 'FullAccess '),
    permission('`["FullAccess"]`', ['FullAccess']),
    permission('`{"FullAccess":{}}`', { FullAccess: {} }),
    permission('`true`', true),
    permission('`{}`', {}),
    permission('`null`', null),
    permission('`{"GasKeyFullAccess":true}`', { GasKeyFullAccess: true }),
    permission('FullAccess and FunctionCall at once', { GasKeyFullAccess: {}, FunctionCall: {} }),
    says(
      'that it is a function-call key with full access in its name',
      answering(key({ FunctionCall: { receiver_id: 'FullAccess', method_names: [] } })),
      limited,
    ),
    {
      by: 'One node of two that must agree',
      holds: 'one yes',
      tries: "says yes for a key that the other node doesn't know",
      refused: noKey,
      twin: 'the other node knows it too',
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
      by: 'A node that writes into logs',
      holds: 'the text of its errors, and a URL with an API key in it',
      tries: 'has them shown or logged',
      outcome: 'neither the refusal nor the error, its cause and their stack traces hold anything of it',
      twin: 'a node that says yes signs in',
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
