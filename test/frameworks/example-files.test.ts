import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { filesOf, FOLDERS, readExample, TOKEN_FOLDERS } from './examples'

const isCode = (line: string): boolean => line.trim() !== '' && !/^\s*(\/\/|\/\*|\*)/.test(line)
const codeLines = (code: string): number => code.split('\n').filter(isCode).length

describe.each(FOLDERS)('example/%s', (folder) => {
  const files = filesOf(folder)
  const servers = Object.keys(files).filter((name) => name.startsWith('server.'))

  it('has one server file per language, of 60 to 120 lines of code', () => {
    expect(servers).toEqual(
      { express: ['server.js', 'server.ts'], nest: ['server.ts'] }[folder as string] ?? ['server.js'],
    )
    for (const name of servers) {
      expect(codeLines(files[name]!)).toBeGreaterThanOrEqual(60)
      expect(codeLines(files[name]!)).toBeLessThanOrEqual(120)
    }
  })

  it('shares its page and its users with the other examples, word for word', () => {
    for (const name of ['index.html', 'users.js']) expect(files[name]).toBe(readExample('express', name))
    expect(codeLines(files['users.js']!)).toBeLessThanOrEqual(15)
  })
})

describe.each([...FOLDERS, ...TOKEN_FOLDERS])('example/%s', (folder) => {
  const files = filesOf(folder)

  it('imports exactly the packages of its package.json, and no file outside the folder', () => {
    const { dependencies } = JSON.parse(files['package.json']!) as { dependencies: Record<string, string> }
    const imported = new Set<string>()
    for (const [name, code] of Object.entries(files)) {
      if (!/\.[jt]s$/.test(name)) continue
      for (const [, specifier] of code.matchAll(/^import .*?'([^']+)'$/gm)) {
        if (specifier!.startsWith('.')) expect(Object.keys(files)).toContain(specifier!.slice(2))
        else if (!specifier!.startsWith('node:')) imported.add(packageOf(specifier!))
      }
    }
    // Nest loads these two by name, and express contributes only types, from the devDependencies.
    const others = folder === 'nest' ? ['@nestjs/platform-express', 'rxjs'] : []
    if (folder === 'nest') imported.delete('express')
    expect([...imported, ...others].sort()).toEqual(Object.keys(dependencies).sort())
  })

  it('is private, and has the versions that this repository is tested with', () => {
    const root = JSON.parse(readFileSync('package.json', 'utf8')) as {
      version: string
      devDependencies: Record<string, string>
    }
    const own = JSON.parse(files['package.json']!) as typeof root & {
      private: boolean
      type: string
      scripts: Record<string, string>
      dependencies: Record<string, string>
    }
    expect(own).toMatchObject({ private: true, type: 'module' })
    const scripts = folder === 'agent' ? ['start'] : ['start', 'dev']
    expect(Object.keys(own.scripts)).toEqual(expect.arrayContaining(scripts))
    const { 'passport-near': near, ...packages } = { ...own.dependencies, ...own.devDependencies }
    expect(near).toBe(`^${root.version}`)
    expect(root.devDependencies).toMatchObject(packages)
  })
})

it('example/README.md names every example and its commands, in at most 30 lines', () => {
  const readme = readFileSync('example/README.md', 'utf8')
  expect(readme.trim().split('\n').length).toBeLessThanOrEqual(30)
  for (const folder of [...FOLDERS, ...TOKEN_FOLDERS, 'site']) expect(readme).toContain(`(${folder}/)`)
})

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
