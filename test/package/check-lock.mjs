// Fails if a package in the lock can be replaced without notice. npm compares a tarball with its
// `integrity`, and installs a tarball without one unchecked. CI runs this file before `npm ci`, so it
// imports no installed package.
// Usage: node test/package/check-lock.mjs [path of the lock, package-lock.json by default]
import { readFileSync } from 'node:fs'

const REGISTRY = 'https://registry.npmjs.org/'

/** The reason to distrust one entry of the lock, or undefined. */
function fault({ integrity, resolved }) {
  if (!integrity) return 'has no integrity'
  // SHA-1 collisions are practical. npm accepts any one of several hashes only by the strongest algorithm.
  if (!/(^|\s)sha512-/.test(integrity)) return 'has no SHA-512 integrity'
  // An integrity identifies a tarball, not its source: a changed lock could name another host and a matching
  // hash.
  if (resolved !== undefined && !resolved.startsWith(REGISTRY)) return `is not resolved from ${REGISTRY}`
  return undefined
}

const path = process.argv[2] ?? 'package-lock.json'
const { packages = {} } = JSON.parse(readFileSync(path, 'utf8'))
// The root, links and bundled packages have no tarball.
const downloaded = Object.entries(packages).filter(([name, { link, inBundle }]) => name && !link && !inBundle)
const faults = downloaded.flatMap(([name, entry]) => {
  const reason = fault(entry)
  return reason ? [`${name} ${reason}`] : []
})
if (downloaded.length === 0) faults.push('the lock holds no packages')

for (const text of faults) console.error(`${path}: ${text}`)
if (faults.length > 0) process.exitCode = 1
else console.log(`${path}: all ${downloaded.length} packages have a SHA-512 integrity`)
