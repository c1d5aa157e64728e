import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { blockUnder, codeBlocks, PAGES, type CodeBlock } from '../docs/support/blocks'
import { createProject } from '../docs/support/project'
import { Cleanup } from '../support/app'
import { typeErrors } from './type-errors'

const cleanup = new Cleanup()
afterAll(() => cleanup.run())

const isCode = ({ language }: CodeBlock): boolean => ['js', 'ts'].includes(language)
const isModule = ({ code }: CodeBlock): boolean => /^(import|export) /m.test(code)

/** Each block as a file, named by its page and line. */
function writeBlocks(directory: string, written: readonly CodeBlock[]): string[] {
  return written.map((block) => {
    const { code, language, page, line } = block
    const kind = `${isModule(block) ? 'm' : 'c'}${language}`
    const file = join(directory, `${basename(page).replace(/\.\w+$/, '')}-${line}.${kind}`)
    // A script may use await, and its names must not conflict with those of other blocks.
    writeFileSync(file, isModule(block) ? code : `async function block() {\n${code}\n}\n`)
    return file
  })
}

describe('the code blocks of the pages', () => {
  it('type-check with the packages that they name', () => {
    const directory = createProject(cleanup, {
      'names.d.cts': readFileSync('test/docs/support/names.d.cts', 'utf8'),
      'app.js': '',
      'app.d.ts': `export function createApp(options?: { rpc?: string }): {
        listen(port: number, host?: string): Omit<import('node:http').Server, 'address'> & {
          address(): import('node:net').AddressInfo
        }
      }`,
    })
    const names = join(directory, 'names.d.cts')
    // The interface of a store is a declaration. A separate test compares it with the real one.
    const typed = PAGES.flatMap((page) => codeBlocks(page)).filter(
      (block) => isCode(block) && !block.code.startsWith('interface '),
    )
    const files = writeBlocks(directory, typed)
    // A whole program in TypeScript declares its own user, and is strict.
    const strict = files.filter((file) => /\.[mc]ts$/.test(file))
    const loose = files.filter((file) => !strict.includes(file))
    expect(typeErrors([names, ...loose], { strict: false })).toEqual([])
    const errors = strict.flatMap((file) =>
      typeErrors([file], { strict: true, noImplicitOverride: true, exactOptionalPropertyTypes: true }),
    )
    expect(errors).toEqual([])
  }, 120_000)

  it('show the real interface of a store', () => {
    const directory = mkdtempSync(join(resolve('test/docs'), '.interface-'))
    cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'store.ts')
    writeFileSync(
      file,
      `import type { ChallengeStore as RealStore, StoredChallenge as RealChallenge } from 'passport-near'
${blockUnder('docs/stores.md', 'The interface')}
export const toShown = (store: RealStore): ChallengeStore => store
export const toReal = (store: ChallengeStore): RealStore => store
export const challengeToShown = (challenge: RealChallenge): StoredChallenge => challenge
export const challengeToReal = (challenge: StoredChallenge): RealChallenge => challenge
`,
    )
    expect(typeErrors([file], { strict: true })).toEqual([])
  }, 60_000)
})

describe('the code blocks of the README', () => {
  it('type-check with the packages that they name', () => {
    const directory = mkdtempSync(join(tmpdir(), 'passport-near-readme-'))
    cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
    mkdirSync(join(directory, 'node_modules'))
    for (const name of readdirSync('node_modules').filter((each) => !each.startsWith('.'))) {
      symlinkSync(resolve('node_modules', name), join(directory, 'node_modules', name))
    }
    symlinkSync(resolve('.'), join(directory, 'node_modules/passport-near'))
    for (const name of ['app.d.ts', 'app.js']) cpSync(join('test/frameworks', name), join(directory, name))
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    const names = join(directory, 'readme-names.d.cts')
    cpSync('test/support/readme-names.d.cts', names)
    const files = writeBlocks(directory, codeBlocks('README.md').filter(isCode))
    expect(typeErrors([names, ...files], { strict: false })).toEqual([])
  }, 120_000)
})
