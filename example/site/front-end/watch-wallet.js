/**
 * Watches near-connect's wallet while a user is signed in. The session of the site goes on whatever the wallet does.
 *
 * @param {import('@hot-labs/near-connect').NearConnector} connector
 * @param {{ accountId: string, onChange: (accountId: string | undefined) => void }} options - `onChange` is called when the wallet has
 *   switched to another account, with that account, and when it was disconnected, with undefined
 * @returns {() => void} stops watching
 */
export function watchWallet(connector, { accountId, onChange }) {
  let current = accountId
  const compare = (accounts) => {
    if (accounts.some((account) => account.accountId === current)) return
    current = accounts[0]?.accountId
    onChange(current)
  }
  const onSignIn = ({ accounts }) => compare(accounts)
  const onSignOut = () => compare([])
  // Wallets say nothing when a person switches accounts in them. So the page asks when the person comes back to it.
  const onVisible = async () => {
    if (document.visibilityState !== 'visible') return
    try {
      compare((await connector.getConnectedWallet()).accounts)
    } catch (error) {
      // Without a wallet chosen in this browser there is nothing to watch.
      if (error?.message === 'No accounts found') compare([])
    }
  }
  connector.on('wallet:signIn', onSignIn)
  connector.on('wallet:signOut', onSignOut)
  document.addEventListener('visibilitychange', onVisible)
  void onVisible()
  return () => {
    connector.off('wallet:signIn', onSignIn)
    connector.off('wallet:signOut', onSignOut)
    document.removeEventListener('visibilitychange', onVisible)
  }
}
