import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { Cleanup } from '../support/app'
import { codeBlocks, PAGES, type CodeBlock } from './support/blocks'

const cleanup = new Cleanup()
afterAll(() => cleanup.run())

const blocks = PAGES.flatMap((page) => codeBlocks(page))
const isCode = ({ language }: CodeBlock): boolean => ['js', 'ts'].includes(language)
const isWholeProgram = ({ code }: CodeBlock): boolean => /\.listen\(|from 'node:test'/.test(code)

describe('the code blocks of the pages', () => {
  it('are in a tested language', () => {
    expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual(['js', 'sh', 'text', 'ts'])
  })

  it('run in a test if they are whole programs', () => {
    const tests = readdirSync('test/docs')
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join('test/docs', name), 'utf8'))
      .join('\n')
    const untested = blocks
      .filter((block) => isCode(block) && isWholeProgram(block))
      .map(({ page, headings }) => `blockUnder('${page}', '${headings.at(-1)}'`)
      .filter((call) => !tests.includes(call))
    expect(untested).toEqual([])
  })

  it('set a same-site session cookie, in production secure and named __Host-', () => {
    const withSession = [...blocks, ...codeBlocks('README.md')].filter(({ code }) =>
      /\bsession\(\s*\{|SecureSession, \{/.test(code),
    )
    expect(withSession.length).toBeGreaterThanOrEqual(10)
    const isStrong = ({ code }: CodeBlock): boolean =>
      /httpOnly: true, sameSite: 'lax', secure(?!: false)\b/.test(code) && code.includes("'__Host-session'")
    expect(
      withSession.filter((block) => !isStrong(block)).map(({ page, line }) => `${page}:${line}`),
    ).toEqual([])
  })

  it('bundle for a browser if they are a page’s script', async () => {
    const scripts = blocks.filter(({ code }) => code.includes("from 'passport-near/client'"))
    expect(scripts.length).toBeGreaterThan(4)
    const buffers = blocks.filter(({ code }) => code.includes("from 'buffer'"))
    for (const { code } of [...scripts, ...buffers]) {
      const { errors } = await build({
        stdin: { contents: code, resolveDir: resolve('.') },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        logLevel: 'silent',
        define: { global: 'globalThis' },
      })
      expect(errors).toEqual([])
    }
  }, 60_000)

  it('name commands, scripts and packages that exist', () => {
    const { scripts, name, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>
      name: string
      devDependencies: Record<string, string>
    }
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.trim().split(/\n| && /))
    expect(commands.length).toBeGreaterThan(5)
    for (const command of commands) {
      // Removes the command's variables and comment.
      const [program, verb, ...rest] = command
        .replace(/\s+#.*/, '')
        .split(' ')
        .filter((word) => !/^[A-Z_]+=/.test(word))
      if (program === 'export') continue
      if (program === 'node') expect(existsSync(verb!), verb).toBe(true)
      else {
        expect(program).toBe('npm')
        if (verb === 'install')
          expect([name, ...Object.keys(devDependencies)]).toEqual(expect.arrayContaining(rest))
        else expect(Object.keys(scripts)).toContain(verb === 'run' ? rest[0] : verb)
      }
    }
  })
})

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-')

const withoutCode = (text: string): string => text.replace(/^```[^]*?^```$/gm, '')

const anchorsIn = (file: string): string[] =>
  [...withoutCode(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    anchorOf(heading!),
  )

describe('the pages', () => {
  it.each(PAGES)('%s: each relative link leads to a file and a heading', (page) => {
    const broken = [...withoutCode(readFileSync(page, 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path, anchor] = link.split('#') as [string, string?]
        const target = path === '' ? page : join(dirname(page), path)
        if (!existsSync(target)) return true
        if (path.endsWith('/') !== statSync(target).isDirectory()) return true
        return anchor !== undefined && !anchorsIn(target).includes(anchor)
      })
    expect(broken).toEqual([])
  })

  it.each(PAGES.filter((page) => page.endsWith('.md')))('%s: starts with its audience', (page) => {
    expect(readFileSync(page, 'utf8')).toMatch(/^# .+\n\nYou need this page (if|to) /)
  })

  it.each(PAGES)('%s: has none of the words that need a second reading', (page) => {
    const words =
      /\b(whoever|somebody|nobody|so many|for so long|of its own|by itself|gives way|under way)\b/i
    expect(words.exec(readFileSync(page, 'utf8').replace(/\s+/g, ' '))?.[0]).toBeUndefined()
  })

  it.each(['full-access key', 'implicit account', 'finality', 'implicit'])(
    'explain "%s" on each page that mentions it',
    (term) => {
      const explanation = {
        'full-access key': /can do everything with its account|full-access key of the account/i,
        finality: /can no longer be replaced/,
        'implicit account': /(made of (its|the) key|has its key in its account id)/,
        implicit: /(made of (its|the) key|has its key in its account id)/,
      }[term]!
      const silent = PAGES.filter((page) => page.endsWith('.md')).filter((page) => {
        const text = withoutCode(readFileSync(page, 'utf8')).replace(/\s+/g, ' ')
        return new RegExp(`\\b${term}\\b`, 'i').test(text) && !explanation.test(text)
      })
      expect(silent).toEqual([])
    },
  )

  it('are all listed in llms.txt, which has the form of llmstxt.org', () => {
    const overview = readFileSync('llms.txt', 'utf8')
    expect(overview).toMatch(/^# .+\n\n> .+\n/)
    const listed = [...overview.matchAll(/^- \[[^\]]+\]\((docs\/[^)]+)\)(: .+)?$/gm)].map(([, path]) => path!)
    expect(listed.sort()).toEqual(PAGES.filter((page) => page.endsWith('.md')).sort())
  })
})
