import { extensions } from './stand-ins/extensions'
import { ledger } from './stand-ins/ledger'
import { webWallets } from './stand-ins/web-wallets'
import { describeModule, useHarness } from './suite'

const tools = useHarness()
for (const standIn of [...extensions, ledger, ...webWallets]) describeModule(standIn, tools)
