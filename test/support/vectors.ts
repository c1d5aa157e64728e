import { readFileSync } from 'node:fs'

/** Reads one of the files of recorded signatures; test/vectors/README.md names their sources. */
export function readVectors(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8'))
}
