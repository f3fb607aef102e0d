/**
 * Whole drills in a Debian 13 that has nothing but its base system: the command installs PostgreSQL and PgBouncer there first. It
 * takes minutes, and runs where debootstrap is installed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportSchema } from '../../functions/model/report.ts'
import { buildDebian, type DebianFolder, whyNoDebianFolder } from '../support/debian-folder.ts'
import { expectFailover, expectHonest, expectPass, MODEST } from '../support/drill-expectations.ts'
import { SMALL } from '../support/drill-run.ts'
import { unless } from '../support/skips.ts'
import { timeouts } from '../support/timeouts.ts'

const RELEASE = 'trixie'
const why = whyNoDebianFolder()

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])

describe('Debian 13', unless(why && `no drill runs in a Debian 13 folder: ${why}`), () => {
  let folder: DebianFolder | string = 'it was not built'

  beforeAll(() => {
    folder = buildDebian(RELEASE)
  }, timeouts.debianBuiltMs)
  afterAll(() => {
    if (typeof folder !== 'string') folder.remove()
  })

  test.for(['forced', 'planned'] as const)(
    'a %s failover: PASS, on PostgreSQL 17',
    {
      timeout: timeouts.drillMs,
    },
    async (mode, { skip }) => {
      if (typeof folder === 'string') return skip(folder)
      const { path } = folder
      const node = ['/checkout/node_modules/node/bin/node', '/checkout/infra/command/main.ts']
      const args = ['drill', ...SMALL, ...MODEST, '--failover-mode', mode, '--out', `/runs-${mode}`]
      const { code, output } = await folder.run([...node, ...args])
      // The newest: a second try leaves its own.
      const drillId = namesIn(join(path, `runs-${mode}`)).at(-1)
      if (drillId === undefined) throw new Error(`no report was left:\n${output}`)
      const results = join(path, `runs-${mode}`, drillId)
      const report = reportSchema.parse(JSON.parse(readFileSync(join(results, 'report.json'), 'utf8')))
      // Its processes cannot outlive the command: they end with their namespace.
      const left = { folders: namesIn(join(path, 'tmp')), processes: [] }
      expectHonest({ code, output, files: namesIn(results), folder: results, report, left }, report)
      expectPass(report)
      expectFailover(report)
      expect(left.folders).toEqual([])
      expect(namesIn(join(path, 'usr/lib/postgresql'))).toEqual(['17'])
    },
  )

  test('the installation left no database, and no service for the next boot', ({ skip }) => {
    if (typeof folder === 'string') return skip(folder)
    const { path } = folder
    const names = (at: string) => namesIn(join(path, at))
    const boot = names('etc')
      .filter((name) => /^rc\d\.d$/.test(name))
      .flatMap((name) => names(`etc/${name}`))
    const wants = names('etc/systemd/system/multi-user.target.wants')
    expect([...boot, ...wants].filter((name) => /^(S\d\d)?(postgresql|pgbouncer)/.test(name))).toEqual([])
    expect(names('etc/postgresql')).toEqual([])
    expect(existsSync(join(path, 'usr/sbin/policy-rc.d'))).toBe(false)
    expect(existsSync(join(path, 'usr/sbin/pgbouncer'))).toBe(true)
  })
})
