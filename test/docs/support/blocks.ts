import { readdirSync, readFileSync } from 'node:fs'

export interface CodeBlock {
  readonly page: string
  /** The headings above the block, outermost first. */
  readonly headings: readonly string[]
  readonly language: string
  readonly code: string
  /** The line of the block's first line of code. */
  readonly line: number
}

/** The pages in docs/, and the overview for language models. */
export const PAGES: readonly string[] = [
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'llms.txt',
]

/** The code blocks of a page, in order. */
export function codeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let headings: string[] = []
  let open: { language: string; line: number; lines: string[] } | undefined
  for (const [index, text] of readFileSync(page, 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)/.exec(text)
    if (fence && open) {
      const { language, line, lines } = open
      blocks.push({ page, headings, language, line, code: lines.map((each) => `${each}\n`).join('') })
      open = undefined
    } else if (fence) {
      open = { language: fence[1]!, line: index + 2, lines: [] }
    } else if (open) {
      open.lines.push(text)
    } else {
      const heading = /^(#+) (.*)/.exec(text)
      if (heading) headings = [...headings.slice(0, heading[1]!.length - 1), heading[2]!]
    }
  }
  return blocks
}

/** The code of a block directly under a heading of a page. */
export function blockUnder(page: string, heading: string, index = 0): string {
  const block = codeBlocks(page).filter(({ headings }) => headings.at(-1) === heading)[index]
  if (!block) throw new Error(`${page} has no block ${index + 1} under "${heading}"`)
  return block.code
}
