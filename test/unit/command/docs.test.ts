/** Every line of the guides that calls the command is one that it accepts. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS, chosenCommand, idIn, shellIn } from '../../../infra/command/commands.ts'
import { parseDrillOptions } from '../../../infra/local/cli/drill-body.ts'
import { type CommandLine, parseCommandLine } from '../../../infra/local/process/command-line.ts'
import { aFolder } from '../../support/folder.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const GUIDES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    /\.(md|yml)$/.test(name) ? [join('docs', name)] : [],
  ),
]

const CALL = /(?:npm run drill --|npx pg-failover-drill|npm run drill(?= *(?:#|$))) *([^#\n`)|&]*)/g

const callsIn = (guide: string): string[] =>
  [...readFileSync(join(ROOT, guide), 'utf8').matchAll(CALL)].map(([, rest]) => (rest ?? '').trim())

/** As a shell would split them; what the reader fills in is filled in. */
function wordsOf(call: string): string[] {
  const file = join(aFolder(), 'request.json')
  writeFileSync(file, '{}')
  const filled = call
    .replaceAll(/"?\$DRILL_APP"?|https:\/\/<app>\.azurewebsites\.net|<address>/g, 'https://func.azurewebsites.net')
    .replaceAll(/"?\$\([\w.]+\)"?/g, 'results')
    .replaceAll('request.json', file)
    .replaceAll('SEED', '7')
    .replace(/^\.\.\.| \.\.\.$/, '')
  return [...filled.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function accept(args: readonly string[]): void {
  const choice = chosenCommand(args)
  if (choice === 'help') return
  const { name, rest } = choice
  if (name === 'drill' || name === 'campaign') return void parseDrillOptions(rest, name === 'drill' ? 1 : 3)
  const line: CommandLine = COMMANDS[name].line
  const given = parseCommandLine(line, rest)
  if (given === 'help' || line.operands === undefined) return
  if (name === 'completion') shellIn(given.operands)
  else idIn(line, given.operands)
}

test.each(GUIDES)('the commands in %s are accepted', (guide) => {
  for (const call of callsIn(guide))
    expect(() => accept(['drill', ...wordsOf(call)]), `${guide}: ${call}`).not.toThrow()
})

test('the guides call the command in many ways, and a wrong one is found', () => {
  const calls = GUIDES.flatMap(callsIn)
  expect(calls.length).toBeGreaterThan(30)
  expect(new Set(calls.map((call) => call.split(' ')[0])).size).toBeGreaterThan(10)
  expect(() => accept(['drill', '--fail-over-mode', 'planned'])).toThrow('unknown option')
})
