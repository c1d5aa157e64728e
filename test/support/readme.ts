import { readFileSync } from 'node:fs'

export interface CodeBlock {
  /** The headings above the block, outermost first. */
  headings: string[]
  language: string
  code: string
  file: string
  /** The line of the block's first line of code. */
  line: number
}

/** The code blocks of a Markdown file, in order. */
export function codeBlocks(file = 'README.md'): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let headings: string[] = []
  let open: CodeBlock | undefined
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((text, index) => {
      const fence = /^```(\w*)/.exec(text)
      if (fence && open) {
        blocks.push(open)
        open = undefined
      } else if (fence) {
        open = { headings, language: fence[1]!, code: '', file, line: index + 2 }
      } else if (open) {
        open.code += `${text}\n`
      } else {
        const heading = /^(#+) (.*)/.exec(text)
        if (heading) headings = [...headings.slice(0, heading[1]!.length - 1), heading[2]!]
      }
    })
  return blocks
}

/** The code blocks of the README, or of another page, directly under a heading. */
export function codeUnder(heading: string, file = 'README.md'): string[] {
  const codes = codeBlocks(file)
    .filter(({ headings }) => headings.at(-1) === heading)
    .map(({ code }) => code)
  if (codes.length === 0) throw new Error(`${file} has no code under "${heading}"`)
  return codes
}
