// The modules of wallet-selector under test, by the id that each gives itself. Each is loaded only on the page that asks for it.
export const modules = {
  'bitte-wallet': async () => (await import('@near-wallet-selector/bitte-wallet')).setupBitteWallet(),
  'coin98-wallet': async () => (await import('@near-wallet-selector/coin98-wallet')).setupCoin98Wallet(),
  'here-wallet': async () => (await import('@near-wallet-selector/here-wallet')).setupHereWallet(),
  'hot-wallet': async () => (await import('@near-wallet-selector/hot-wallet')).setupHotWallet(),
  'intear-wallet': async () => (await import('@near-wallet-selector/intear-wallet')).setupIntearWallet(),
  ledger: async () => (await import('@near-wallet-selector/ledger')).setupLedger(),
  'meteor-wallet': async () => (await import('@near-wallet-selector/meteor-wallet')).setupMeteorWallet(),
  'meteor-wallet-app': async () =>
    (await import('@near-wallet-selector/meteor-wallet-app')).setupMeteorWalletApp({ contractId: '' }),
  'my-near-wallet': async () => (await import('@near-wallet-selector/my-near-wallet')).setupMyNearWallet(),
  'near-mobile-wallet': async () =>
    (await import('@near-wallet-selector/near-mobile-wallet')).setupNearMobileWallet({
      dAppMetadata: { logoUrl: `${location.origin}/logo.png`, name: 'The site' },
    }),
  'near-snap': async () => (await import('@near-wallet-selector/near-snap')).setupNearSnap(),
  nightly: async () => (await import('@near-wallet-selector/nightly')).setupNightly(),
  'okx-wallet': async () => (await import('@near-wallet-selector/okx-wallet')).setupOKXWallet(),
  sender: async () => (await import('@near-wallet-selector/sender')).setupSender(),
  'unity-wallet': async () =>
    (await import('@near-wallet-selector/unity-wallet')).setupUnityWallet({
      projectId: 'the-tests',
      metadata: DAPP,
    }),
  'wallet-connect': async () =>
    (await import('@near-wallet-selector/wallet-connect')).setupWalletConnect({
      projectId: 'the-tests',
      metadata: DAPP,
    }),
  'welldone-wallet': async () =>
    (await import('@near-wallet-selector/welldone-wallet')).setupWelldoneWallet(),
}

const DAPP = { name: 'The site', description: 'A test', url: location.origin, icons: [] }
