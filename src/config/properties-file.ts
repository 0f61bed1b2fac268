// Java's .properties files, which Kafka's brokers are configured by.
//
//   # comment            ! comment
//   name=value           name: value          name value
//   name = first \
//          second        a line that ends in an odd number of backslashes goes on; blanks before go
//   name=a\u0020b        escapes: \t \n \r \f \uXXXX, and any other character as itself
//
// Source: java.util.Properties.load, Java SE API.

/** @returns values by name. Of two lines with one name the later holds, as in Java. */
export function parseProperties(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const match = /^((?:\\[^]|[^\\=:\s])*)(?:[ \t\f]*[=:][ \t\f]*|[ \t\f]+|$)([^]*)$/.exec(line)
    if (match !== null) values.set(unescaped(match[1]!), unescaped(match[2]!))
  }
  return values
}

function logicalLines(text: string): string[] {
  const lines: string[] = []
  let pending: string | null = null
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const start = natural.replace(/^[ \t\f]+/, '')
    if (pending === null && (start === '' || /^[#!]/.test(start))) continue
    const line: string = (pending ?? '') + start
    const continues = /\\*$/.exec(line)![0].length % 2 === 1
    pending = continues ? line.slice(0, -1) : null
    if (!continues) lines.push(line)
  }
  if (pending !== null) lines.push(pending)
  return lines
}

const ESCAPES = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
])

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_, hex?: string, plain?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return ESCAPES.get(plain!) ?? plain!
  })
}
