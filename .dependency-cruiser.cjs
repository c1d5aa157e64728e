/** Imports in lib/ point one way, and never in a circle. Type imports count: a reader follows them as well. */
const layer = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^lib/', pathNot: to },
})

const PURE = 'timeout|errors|validate'

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    layer('pure-files-import-nothing', '^lib/(timeout|errors|validate)\\.ts$', '^lib/(validate)\\.ts$'),
    layer('nep413-is-pure', '^lib/nep413/', `^lib/(nep413/|(${PURE})\\.ts)`),
    layer('rpc-knows-no-keys', '^lib/rpc/', `^lib/(rpc/|(${PURE})\\.ts)`),
    layer(
      'access-keys-know-rpc-and-nep413',
      '^lib/access-keys/',
      `^lib/(access-keys|rpc|nep413)/|^lib/(${PURE})\\.ts`,
    ),
    layer(
      'nep641-knows-keys-and-rpc',
      '^lib/nep641/',
      `^lib/(nep641|access-keys|rpc|nep413)/|^lib/(${PURE})\\.ts`,
    ),
    layer('challenges-know-no-proofs', '^lib/challenges/', `^lib/challenges/|^lib/(${PURE})\\.ts`),
    layer(
      'proofs-know-no-strategy',
      '^lib/proofs/',
      `^lib/(proofs|access-keys|nep641|challenges|nep413)/|^lib/(${PURE}|credentials|diagnostics)\\.ts`,
    ),
    layer(
      'guards-know-no-strategy',
      '^lib/guards/',
      `^lib/(guards|proofs|access-keys|challenges|nep413|nep641|rpc)/|^lib/(${PURE}|connect|credentials|draw-challenge|message|resolve-options|profile|request)\\.ts`,
    ),
    {
      name: 'nothing-knows-the-strategy',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(index\\.m?ts|public-(types|values)\\.ts)$' },
      to: { path: '^lib/strategy\\.ts$' },
    },
    {
      name: 'the-client-imports-nothing',
      severity: 'error',
      from: { path: '^lib/client/' },
      // Types only: they leave no import in the published file.
      to: { pathNot: '^lib/client/types\\.mts$' },
    },
    {
      name: 'the-testing-kit-is-not-used',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/testing/' },
      to: { path: '^lib/testing/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.mts', '.js', '.mjs', '.d.ts'] },
  },
}
