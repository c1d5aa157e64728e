/** Text that is HTML already. Only this file makes it. */
class Html {
  constructor(readonly text: string) {}
}

export type { Html }

type Value = string | Html | readonly Html[] | undefined

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A template of HTML. Each string value is escaped: it can stand in text and in a quoted attribute. A value of a site
 * (message, recipient, URL) therefore adds no element, attribute or script.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const texts = parts.map((part, index) => part + textOf(values[index]))
  return new Html(texts.join(''))
}

/** Inserts a style sheet or a script of this package as it is. Text of a request must never get here. */
export function verbatim(text: string): Html {
  return new Html(text)
}

function textOf(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
  return value.map(({ text }) => text).join('')
}
