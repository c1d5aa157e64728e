// The page's script on a real network. The person chooses a wallet in near-connect.
import { NearConnector } from '@hot-labs/near-connect'
import { wireButton, wirePayment } from './sign-in.js'
import { watchWallet } from './watch-wallet.js'

const script = document.querySelector('script[data-network]')
const { network } = script.dataset

const connector = new NearConnector({ network, cspNonce: script.nonce, autoConnect: false })
wireButton(connector)
wirePayment(connector)

// On the account page: says so if the wallet has gone on to an account that is not this user's.
const offer = document.querySelector('[data-wallet-changed]')
const accountIds = JSON.parse(offer?.dataset.accounts ?? '[]')
if (accountIds.length > 0) {
  watchWallet(connector, {
    accountId: accountIds[0],
    onChange(accountId) {
      offer.hidden = accountIds.includes(accountId)
      offer.querySelector('[data-text]').textContent = accountId
        ? `Your wallet is on ${accountId} now. You are still signed in here as before.`
        : 'Your wallet is disconnected from this site. You are still signed in here.'
    },
  })
}
