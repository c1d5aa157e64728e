import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the pages' scripts. */
    pages: string
    /** A private key and a certificate signed with it, in PEM. */
    certificate: string
  }
}

/** Modules that ask for a module of Node get an empty one, as from an application's build. `buffer` is npm's. */
const withoutNode: Plugin = {
  name: 'without-node',
  setup(build) {
    build.onResolve({ filter: /^[a-z_:]+$/ }, ({ path }) =>
      isBuiltin(path) && !['buffer', 'events', 'util'].includes(path)
        ? { path, namespace: 'empty' }
        : undefined,
    )
    // Not in every registry: the tests of near-connect say whether it ran.
    build.onResolve({ filter: /^@fastnear\/near-connect$/ }, ({ path }) =>
      existsSync(`test/wallets/node_modules/${path}`) ? undefined : { path, namespace: 'empty' },
    )
    build.onLoad({ filter: /./, namespace: 'empty' }, () => ({ contents: 'module.exports = {}' }))
  },
}

/** Bundles the pages of all wallets once. */
export default async function bundle(project: TestProject): Promise<() => Promise<void>> {
  const folder = 'test/wallets'
  if (!existsSync('dist/client/index.mjs'))
    throw new Error('The package is not built: run npm run build first')
  if (!existsSync(`${folder}/node_modules`))
    throw new Error(`The wallets' modules are not installed: run npm ci --prefix ${folder} first`)
  const outdir = await mkdtemp(join(tmpdir(), 'passport-near-wallets-'))
  const pages = (await readdir(`${folder}/page`)).filter(
    (name) => !['buffer.js', 'modules.js', 'page.js'].includes(name),
  )
  await build({
    entryPoints: pages.map((name) => `${folder}/page/${name}`),
    bundle: true,
    splitting: true,
    outdir,
    format: 'esm',
    platform: 'browser',
    tsconfigRaw: {}, // without the tests' own paths, which lead to the sources
    minifyWhitespace: true, // the code stays as it is, and loads faster
    logLevel: 'error',
    define: { global: 'globalThis' },
    inject: [`${folder}/page/buffer.js`],
    // This folder is a package of its own, so that it cannot name the one that it is in.
    alias: { 'passport-near/client': resolve('dist/client/index.mjs') },
    plugins: [withoutNode],
  })
  project.provide('pages', outdir)
  const subject = ['-x509', '-subj', '/CN=wallets.test', '-days', '2']
  const files = ['-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-out', '-']
  project.provide(
    'certificate',
    execFileSync('openssl', ['req', ...subject, ...files], { encoding: 'utf8', stdio: 'pipe' }),
  )
  return () => rm(outdir, { recursive: true, force: true })
}
