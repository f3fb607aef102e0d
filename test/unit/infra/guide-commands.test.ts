/** Every command that a guide shows exists and takes what is shown: its own help and its own parser say so. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseRelease } from '../../../infra/azure/release/options.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

const GUIDES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
]

interface Shown {
  readonly guide: string
  /** As it is shown, on one line. */
  readonly line: string
  readonly script: string
  readonly args: readonly string[]
}

/** The commands of the shell blocks, those of other programs too, without comments. */
const linesOf = (guide: string): string[] =>
  [...read(guide).matchAll(/^ *```(?:sh|bash)\n([\s\S]*?)\n *```$/gm)]
    .flatMap(([, block = '']) => block.replaceAll(/\\\n\s*/g, '').split(/\n|&&/))
    .map((line) => line.replace(/\s+#.*$/, '').trim())

/** Single words: an argument in quotes stays whole. */
const wordsOf = (text: string): string[] =>
  [...text.matchAll(/(?:"[^"]*"|'[^']*'|\S)+/g)].map(([word]) => word.replaceAll(/["']/g, ''))

const SHOWN: readonly Shown[] = GUIDES.flatMap((guide) =>
  linesOf(guide).flatMap((line) => {
    const [, script, rest = ''] = /^(?:\w+=\S+ )*npm (?:run )?(?!ci\b)([\w:]+)(?: -- (.*))?$/.exec(line) ?? []
    return script === undefined ? [] : [{ guide, line, script, args: wordsOf(rest) }]
  }),
)

test('the guides show the commands of every task', () => {
  const shown = new Set(SHOWN.map(({ script }) => script))
  for (const script of [
    'drill',
    'start',
    'local',
    'test',
    'report',
    'loadgen',
    'simulate',
    'bench',
    'release',
    'migrate',
  ])
    expect([script, shown.has(script)]).toEqual([script, true])
})

test.each(SHOWN)('$guide: "$line" is a script of the package', ({ script }) => {
  expect(Object.keys(scripts)).toContain(script)
})

/** They have no options of their own. */
const OF_OTHERS = ['test', 'typecheck', 'lint']
/** The test of that command looks at each call. */
const SEEN_ELSEWHERE = ['drill']

const WITH_OPTIONS = Map.groupBy(
  SHOWN.filter(({ script, args }) => args.length > 0 && ![...OF_OTHERS, ...SEEN_ELSEWHERE].includes(script)),
  ({ script }) => script,
)

describe.each([...WITH_OPTIONS])('npm run %s', (script, shown) => {
  const [, file = ''] = / (\S+\.ts)$/.exec(scripts[script] ?? '') ?? []
  const help = spawnSync(process.execPath, [file, '--help'], { cwd: ROOT, encoding: 'utf8' })

  test('has a help', () => {
    expect([help.status, help.stderr]).toEqual([0, ''])
  })

  test.each(shown)('knows every option and every word of "$line" ($guide)', ({ args }) => {
    const known = new Set(`${help.stdout} --help`.match(/--[\w-]+|\b[a-z][\w-]*\b/g))
    // A word that is the value of an option is for its parser.
    const named = args.filter(
      (word, i) => word.startsWith('--') || (/^[a-z]+$/.test(word) && !args[i - 1]?.startsWith('--')),
    )
    expect(named.filter((word) => !known.has(word.replace(/=.*/, '')))).toEqual([])
  })
})

const of = (script: string) => SHOWN.filter((shown) => shown.script === script)

test.each(of('release'))('$guide: "$line" is a release that can be made', ({ args }) => {
  expect(parseRelease(args)).not.toBe('help')
})
