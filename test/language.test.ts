/** The words that comments, names and texts do not use: each has a plainer one, given beside it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { unless } from './support/skips.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** As whole words, in any case, and as parts of names in camel case or in capitals. */
const BANNED: ReadonlyArray<readonly [word: string, instead: string]> = [
  ['told', 'reported, given, sent'],
  ['tell', 'report, say, show'],
  ['tells', 'reports, says, shows'],
  ['telling', 'reporting'],
  ['untold', 'unreported'],
  ['nobody', 'name the actor: no client, no orchestrator'],
  ['somebody', 'name the actor: the operator, another drill'],
  ['everybody', 'name the actors: all clients'],
  ['whoever', 'name the actor: the caller'],
  ['whatever', 'any, every, regardless of'],
  ['anew', 'again'],
  ['mend', 'fix, recover'],
  ['mends', 'fixes, recovers'],
  ['mended', 'fixed, recovered'],
  ['for ever', 'indefinitely'],
  ['forever', 'indefinitely'],
  ['wish', 'request, abort request'],
  ['wishes', 'requests'],
  ['wished', 'requested'],
  ['hopeless', 'without commits'],
  ['pointless', 'say why'],
  ['riddle', 'say what is unclear'],
  ['bury', 'close'],
  ['hardly', 'rarely, or a number'],
  ['in vain', 'without success'],
  ['LEAST', 'MIN'],
  ['MOST', 'MAX'],
]

/** `LEAST` and `MOST` are banned as constants only: "at least" and "most" are plain words. */
function patternOf(word: string): RegExp {
  if (word === word.toUpperCase()) return new RegExp(`\\b${word}_|_${word}\\b`)
  const rest = word.slice(1)
  const [small, capital] = [word.charAt(0), word.charAt(0).toUpperCase()]
  return new RegExp(`(?<![A-Za-z])[${small}${capital}]${rest}(?![a-z])|(?<=[a-z])${capital}${rest}(?![a-z])`)
}

const PATTERNS = BANNED.map(([word, instead]) => ({ word, instead, pattern: patternOf(word) }))

/** The system's unprivileged user has this name. */
const SYSTEM_USER = /'nobody'/g

const usesIn = (text: string): string[] =>
  text
    .replaceAll(SYSTEM_USER, '')
    .split('\n')
    .flatMap((line, i) =>
      PATTERNS.filter(({ pattern }) => pattern.test(line)).map(
        ({ word, instead }) => `line ${i + 1}: "${word}" (say ${instead}): ${line.trim().slice(0, 100)}`,
      ),
    )

const TEXT = /\.(ts|cs|md|bicep|json|kql|http|sh|yaml|cjs)$|Dockerfile$/
/** Written by programs or by others. */
const FOREIGN =
  /^(package-lock\.json|test\/golden\/files|test\/support\/azure-rest-examples|test\/language\.test\.ts|.*packages\.lock\.json)/

/** Without git, and in an unpacked archive, there is no list of the project's own files. */
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
const why =
  listed.status === 0
    ? null
    : `the words of no file are checked: ${listed.error === undefined ? listed.stderr.trim() : 'git is not installed'}`
const files = (listed.stdout ?? '').split('\n').filter((file) => TEXT.test(file) && !FOREIGN.test(file))

test('no file uses a word of the list', unless(why), () => {
  const found = files.flatMap((file) =>
    usesIn(readFileSync(resolve(ROOT, file), 'utf8')).map((use) => `${file} ${use}`),
  )
  expect(found).toEqual([])
})

test.each([
  ['Nobody was told.', ['nobody', 'told']],
  ['const MOST_ROWS = 3', ['MOST']],
  ['function toldTwice() {}', ['told']],
  ['const untilWhatever = 1', ['whatever']],
  ['at most five, the least of them; a wishlist, the foretold end, stolid', []],
] as const)('%j uses %j', (text, words) => {
  expect(
    PATTERNS.filter(({ pattern }) => pattern.test(text))
      .map(({ word }) => word)
      .sort(),
  ).toEqual([...words].sort())
})
