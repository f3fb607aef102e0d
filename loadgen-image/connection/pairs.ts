/** Reads the two forms that are made of `word=value` pairs: libpq's, with spaces between, and Npgsql's, with semicolons. */

/** In the order given. A word is the user's text and may be a part of a password: problems never print it. */
export type Pairs = readonly (readonly [word: string, value: string])[]

export type PairsOrProblem = { readonly pairs: Pairs } | { readonly problem: string }

const ORDINAL = (index: number): string => `pair ${index + 1}`

/** `host=h password='with space' sslmode=disable`; a backslash takes the next character as it is. */
export function spacedPairs(text: string): PairsOrProblem {
  const pairs: [string, string][] = []
  const word = /\s*([^\s=]+)\s*=\s*/y
  const quoted = /'((?:[^'\\]|\\[\s\S])*)'(?=\s|$)/y
  const bare = /((?:[^\s'\\]|\\[\s\S])(?:[^\s\\]|\\[\s\S])*)?(?=\s|$)/y
  for (let at = 0; text.slice(at).trim() !== ''; ) {
    const key = matchAt(word, text, at)
    if (key === null)
      return { problem: `${ORDINAL(pairs.length)}: expected word=value; a value with spaces stands in ''` }
    const value = matchAt(quoted, text, key.end) ?? matchAt(bare, text, key.end)
    if (value === null) return { problem: `${ORDINAL(pairs.length)}: the quotes of the value do not end where it ends` }
    pairs.push([key.text, value.text.replaceAll(/\\([\s\S])/g, '$1')])
    at = value.end
  }
  return { pairs }
}

/** `Host=h;Password="a;b""c"`: a value in quotes may hold semicolons, and a doubled quote stands for one. */
export function semicolonPairs(text: string): PairsOrProblem {
  const pairs: [string, string][] = []
  const pair = /[\s;]*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;"'][^;]*)?)\s*(?:;|$)/y
  for (let at = 0; text.slice(at).replaceAll(/[\s;]/g, '') !== ''; ) {
    pair.lastIndex = at
    const found = pair.exec(text)
    if (found === null)
      return { problem: `${ORDINAL(pairs.length)}: expected Word=Value; a value with ; or quotes stands in ""` }
    const [, word = '', double, single, bare = ''] = found
    pairs.push([word.trim(), double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? bare.trim()])
    at = pair.lastIndex
  }
  return { pairs }
}

/** Which of the two separators ends the first value. */
export const beginsWithSemicolons = (text: string): boolean => {
  const value = /=\s*(?:'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"]|"")*"|[^\s;]*)\s*/y
  value.lastIndex = Math.max(0, text.indexOf('='))
  const found = value.exec(text)
  return found !== null && text[value.lastIndex] === ';'
}

function matchAt(pattern: RegExp, text: string, at: number): { readonly text: string; readonly end: number } | null {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  return found === null ? null : { text: found[1] ?? '', end: pattern.lastIndex }
}
