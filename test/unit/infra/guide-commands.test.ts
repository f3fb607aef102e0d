/** Every command that a guide shows is run by a test, or its row says why not and what checks it: a new one cannot be forgotten. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RUNS } from '../../support/guides/runs.ts'
import { blocksIn, blockWith, COMMANDS, wordsOf } from '../../support/guides/shown.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

test('the guides show many commands', () => expect(COMMANDS.size).toBeGreaterThan(50))

test.each([...COMMANDS])('%s is run by a test, or a row says why not', (command, guides) => {
  expect(Object.keys(RUNS), guides.join(', ')).toContain(command)
})

test.each(Object.entries(RUNS))(
  '%s is shown, and what runs it names it',
  (command, { by, why, block, instead = [] }) => {
    expect([...COMMANDS.keys()]).toContain(command)
    expect(existsSync(join(ROOT, by)), by).toBe(true)
    for (const reason of [...(why === undefined ? [] : [why]), ...instead.map(([, , own]) => own)])
      expect(reason.length, reason).toBeGreaterThan(5)
    for (const [shown] of instead) expect(command).toContain(shown)
    if (block !== undefined) expect(blockWith(block).commands).toContain(command)
    // What is checked by all the rows of that test, or by no test, is not named there.
    if (why === undefined) expect(isNamedIn(withoutEscapes(read(by)), block ?? command), by).toBe(true)
  },
)

const isNamedIn = (source: string, command: string): boolean =>
  ["'", '"', '`'].some((quote) => source.includes(`${quote}${command}${quote}`))

/** As the file's own quotes write them. */
const withoutEscapes = (source: string): string => source.replaceAll(/\\(['"`$\\])/g, '$1')

const shownScripts = [...COMMANDS.keys()].flatMap((command) =>
  [...command.matchAll(/\bnpm (?:run (?:-s )?)?(?!ci\b|run\b)([\w:]+)/g)].map(([, script = '']) => script),
)

test.each([...new Set(shownScripts)])('npm run %s is a script of the package', (script) => {
  expect(Object.keys(scripts)).toContain(script)
})

test('the guides show the commands of every task', () => {
  const tasks = 'drill start local test report verify loadgen simulate bench release migrate typecheck lint'
  expect(shownScripts).toEqual(expect.arrayContaining(tasks.split(' ')))
})

test('a block is read as a shell reads it: comments, prompts, continued lines and quotes over several lines', () => {
  const text = [
    '```sh',
    'npm run a   # why',
    '$ npm run b -- \\',
    '   --x "1 # 2"',
    "az c --roles '[",
    '  {"n": 1}]',
    "'",
    '```',
    '```json',
    '{}',
    '```',
    '   ```console',
    '   $ d && e',
    '   ```',
  ].join('\n')
  expect(blocksIn('g', text).map(({ commands }) => commands)).toEqual([
    ['npm run a', 'npm run b -- --x "1 # 2"', 'az c --roles \'[\n  {"n": 1}]\n\''],
    ['d && e'],
  ])
  expect(wordsOf('a --b="c d" \'e f\' "g"')).toEqual(['a', '--b=c d', 'e f', 'g'])
})
