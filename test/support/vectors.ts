import { readFileSync } from 'node:fs'

/** Reads one of the files of recorded signatures; test/vectors/README.md says where they come from. */
export function readVectors<Recorded>(file: string): Recorded {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as Recorded
}
