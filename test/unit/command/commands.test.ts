/** The commands of `pg-failover-drill`: where their word stands, what completes them, and what the list of containers says. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { DrillStatus } from '../../../functions/model/status.ts'
import { COMMANDS, help, idIn, placeOfCommand, WATCH_COMMAND } from '../../../infra/command/commands.ts'
import { completion } from '../../../infra/command/completion.ts'
import { isCampaign } from '../../../infra/command/in-app.ts'
import { containerLines, drillLines } from '../../../infra/command/lists.ts'
import { DRILL_COMMAND } from '../../../infra/local/cli/drill-options.ts'
import type { CommandLine } from '../../../infra/local/process/command-line.ts'

test.each([
  [['list'], 0],
  [['--app', 'https://a.example', 'list'], 2],
  [['--json', 'list'], 1],
  [['--limit=3', 'list'], 1],
  [['--app', 'list'], -1],
  [[], -1],
])('the command in %j stands at %i', (args, place) => expect(placeOfCommand(args)).toBe(place))

test('one page explains every command and every option', () => {
  const page = help()
  for (const [name, { line, about }] of Object.entries(COMMANDS)) {
    expect(page).toContain(`  ${name.padEnd(12)}${about}`)
    for (const { flag } of Object.values(line.options as CommandLine['options'])) expect(page).toContain(`  --${flag}`)
  }
})

test('a flag means one thing in all commands', () => {
  const seen = new Map<string, object>()
  for (const { line } of Object.values(COMMANDS))
    for (const option of Object.values(line.options as CommandLine['options']))
      expect(seen.get(option.flag) ?? option).toBe(
        seen.set(option.flag, seen.get(option.flag) ?? option).get(option.flag),
      )
})

test('an id is one id', () => {
  expect(idIn(WATCH_COMMAND, ['20260102-030405-0a1b2c'])).toBe('20260102-030405-0a1b2c')
  for (const operands of [[], ['a-drill', 'another'], ['../secrets']])
    expect(() => idIn(WATCH_COMMAND, operands)).toThrow('expected one id of a drill or of a campaign')
})

test.each([
  ['campaign-20260102-030405-0a1b2c', true],
  ['campaign-20260102-030405-123456', true],
  ['campaign-20260102-030405-0a1b2c-3', false],
  ['20260102-030405-0a1b2c', false],
])('%s is a campaign: %s', (id, is) => expect(isCampaign(id)).toBe(is))

// ---- Completion ---------------------------------------------------------------------------------------------------------

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const line = ['pg-failover-drill', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${completion('bash')}
COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _pg_failover_drill; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  expect([stderr, status]).toEqual(['', 0])
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash completes commands, their options, and the words behind an option', () => {
  expect(offered('')).toEqual([...Object.keys(COMMANDS), '--help'])
  expect(offered('wa')).toEqual(['watch'])
  expect(offered('drill', '--target')).toEqual(['--target-tps', '--target'])
  expect(offered('list', '--')).toContain('--limit')
  expect(offered('list', '--')).not.toContain('--target-tps')
  expect(offered('drill', '--force', 'synch')).toContain('synchronous-commit')
  expect(offered('drill', '--failover-mode', '')).toEqual(['forced', 'planned', 'none'])
  expect(offered('completion', '')).toEqual(['bash', 'zsh'])
})

test('zsh takes the same script, with the functions that it needs for it', () =>
  expect(completion('zsh')).toMatch(/bashcompinit[\s\S]*complete -F _pg_failover_drill pg-failover-drill/))

test('every option with a fixed set of words is completed with them', () => {
  const fixed = Object.values(DRILL_COMMAND.options as CommandLine['options'])
  for (const { flag } of fixed.filter(({ value }) => value === 'KIND'))
    expect(offered('drill', `--${flag}`, '').length, flag).toBeGreaterThan(1)
})

// ---- Containers ---------------------------------------------------------------------------------------------------------

const ONE = {
  name: 'loadgen-d-1-0',
  drillId: 'd-1',
  drillRuns: true,
  provisioningState: 'Succeeded',
  state: 'Running',
  zone: null,
  startedAt: null,
  finishedAt: null,
  expiresAt: '2026-01-01T12:00:00Z',
  cpu: 2,
  memoryGb: 4,
  seconds: 100,
  cost: 0.0123,
} as const

test('containers are shown with their cost, and those of a drill that has ended with what deletes them', () => {
  const left = {
    ...ONE,
    name: 'loadgen-d-2-0',
    drillId: 'd-2',
    drillRuns: false,
    state: null,
    seconds: null,
    cost: null,
  }
  const text = containerLines({ containers: [ONE, left], currency: 'USD', amount: null, source: 'a list' }).join('\n')
  expect(text).toMatch(/^loadgen-d-1-0 +d-1 +yes +Running +2 vCPU, 4 GB +100 s +0\.0123 USD +2026-01-01/m)
  expect(text).toMatch(/^loadgen-d-2-0 +d-2 +no +Succeeded +2 vCPU, 4 GB +not known +not known +2026-01-01/m)
  expect(text).toContain('Cost so far: not known (a list)')
  expect(text.match(/--delete \S+/g)).toEqual(['--delete d-2'])
  expect(containerLines({ containers: [], currency: '', amount: 0, source: '' })).toEqual(['No container exists.'])
})

test('a drill that a check stopped is listed as not started, and one that runs with its phase', () => {
  const stopped = {
    drillId: 'd-1',
    state: 'finished',
    verdict: 'INCONCLUSIVE',
    headline: 'Not started: 2 of 35 checks failed: Server size, Zones of primary and standby.',
    stoppedBy: { phase: 'check', why: 'the checks server-sku and zones failed', advice: '' },
    target: { subscriptionId: 's', resourceGroup: 'g', server: 'pg-1' },
    requestedAt: '2026-11-27T12:00:00.123Z',
  }
  const runs = { ...stopped, drillId: 'd-2', state: 'running', verdict: null, headline: null, stoppedBy: null }
  const all = [stopped, { ...runs, progress: { phase: 'baseline' } }] as unknown as DrillStatus[]
  const text = drillLines(all, null).join('\n')
  expect(text).toMatch(/^d-1 +2026-11-27 12:00:00Z +pg-1 +NOT STARTED +Not started: 2 of 35/m)
  expect(text).toMatch(/^d-2 +2026-11-27 12:00:00Z +pg-1 +running +baseline$/m)
})
