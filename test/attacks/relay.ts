import type { Challenge } from 'passport-near'
import { TestNetwork } from 'passport-near/testing'
import type { Attack, Theme } from './row'
import { json, type Attempt, type Stage } from './stage'

const callbackUrl = 'https://app.example.com/login'
const evil = 'https://evil.example.com/login'

/** Alice's wallet signs a challenge with one changed field, and the body names every signed field. */
async function signChanged({ alice, open }: Stage, change: Partial<Challenge>): Promise<Attempt> {
  const browser = open()
  const challenge = { ...(await browser.challenge()), ...change }
  return json(browser, { ...challenge, ...(await alice.signMessage(challenge)) })
}

const changed = (
  row: Pick<Attack, 'by' | 'holds' | 'tries' | 'twin' | 'stage'>,
  change: Partial<Challenge>,
): Attack => ({
  ...row,
  refused: [401, 'ERR_NEAR_SIGNATURE_INVALID'],
  play: (stage, attack) => signChanged(stage, attack ? change : {}),
})

export const relay: Theme = {
  title: 'Signatures made for another purpose',
  rows: [
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature over this site's challenge, with the phishing site as recipient",
        tries: 'relays it, and names its own recipient in the body',
        twin: 'the recipient is this site',
      },
      { recipient: 'evil.example.com' },
    ),
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature with a recipient that starts with this site's recipient",
        tries: 'relays it',
        twin: 'the recipient is this site',
      },
      { recipient: 'app.example.com.evil.example' },
    ),
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature, with this site's recipient in capitals",
        tries: 'relays it',
        twin: "the recipient in this site's spelling",
      },
      { recipient: 'APP.example.com' },
    ),
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature over another message",
        tries: 'names that message in the body',
        twin: "the message in the body is the challenge's message",
      },
      { message: 'Win a prize' },
    ),
    changed(
      {
        by: 'A person who found an old signature',
        holds: "Alice's signature over another nonce",
        tries: 'names that nonce in the body',
        twin: "the nonce in the body is the challenge's nonce",
      },
      { nonce: Buffer.alloc(32, 7).toString('base64') },
    ),
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature with its own callback URL",
        tries: 'names that URL in the body; the site has none',
        twin: 'no callback URL',
      },
      { callbackUrl: evil },
    ),
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature with its own callback URL",
        tries: 'names that URL in the body; the site has a different one',
        twin: "the site's callback URL",
        stage: { near: { callbackUrl } },
      },
      { callbackUrl: evil },
    ),
    changed(
      {
        by: 'A phishing site',
        holds: "Alice's signature with a callback URL that starts with the site's",
        tries: 'relays it',
        twin: "the site's callback URL",
        stage: { near: { callbackUrl } },
      },
      { callbackUrl: `${callbackUrl}/../../evil` },
    ),
    {
      by: 'A wallet whose owner mixed up two tabs',
      holds: 'a signature over one challenge of the session',
      tries: 'responds to another challenge with it',
      refused: [401, 'ERR_NEAR_SIGNATURE_INVALID'],
      twin: 'the state of the signed challenge',
      async play({ alice, open }, attack) {
        const browser = open()
        const [first, second] = [await browser.challenge(), await browser.challenge()]
        return json(browser, { ...(await alice.signMessage(first)), state: (attack ? second : first).state })
      },
    },
    {
      by: "Mallory, who has Alice's account name on another network",
      holds: 'a full-access key of alice.test there',
      tries: 'signs in as alice.test here',
      refused: [401, 'ERR_NEAR_ACCESS_KEY_NOT_FOUND'],
      asks: 1,
      twin: 'the key is on this network as well',
      async play({ alice, open }, attack) {
        const other = await TestNetwork.start()
        await other.stop() // The source gets no request: its key only signs.
        const namesake = await other.createAccount('alice.test')
        if (!attack) alice.addKey({ publicKey: namesake.publicKey })
        const browser = open()
        return json(browser, await namesake.signMessage(await browser.challenge()))
      },
    },
  ],
}
