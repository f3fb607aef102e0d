/** What an installation leaves of what Debian's packages do beyond their files, in a folder that plays the system. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withoutServices } from '../../../infra/local/packages/without-services.ts'
import { aFolder } from '../../support/folder.ts'

const WANTS = 'etc/systemd/system/multi-user.target.wants'
const POLICY = 'usr/sbin/policy-rc.d'
const CLUSTERS = 'etc/postgresql-common/createcluster.d'

function aSystem(): string {
  const root = aFolder()
  for (const folder of ['usr/sbin', WANTS, 'etc/rc2.d', 'etc/rc6.d']) mkdirSync(join(root, folder), { recursive: true })
  return root
}

const link = (root: string, path: string) => symlinkSync('/somewhere', join(root, path))
const namesIn = (root: string, folder: string) => readdirSync(join(root, folder)).sort()

/** As the scripts of Debian's packages do it. */
function enable(root: string, name: string): void {
  link(root, `${WANTS}/${name}.service`)
  link(root, `etc/rc2.d/S19${name}`)
  link(root, `etc/rc6.d/K21${name}`)
}

test('what the installation enabled for the next boot is disabled, and nothing else', () => {
  const root = aSystem()
  link(root, `${WANTS}/ssh.service`)
  withoutServices(() => {
    for (const name of ['postgresql', 'pgbouncer', 'cron']) enable(root, name)
  }, root)
  expect(namesIn(root, WANTS)).toEqual(['cron.service', 'ssh.service'])
  expect(namesIn(root, 'etc/rc2.d')).toEqual(['K81pgbouncer', 'K81postgresql', 'S19cron'])
  expect(namesIn(root, 'etc/rc6.d')).toEqual(['K21cron', 'K21pgbouncer', 'K21postgresql'])
})

test('a service that was enabled before stays so', () => {
  const root = aSystem()
  enable(root, 'pgbouncer')
  withoutServices(() => enable(root, 'postgresql'), root)
  expect(namesIn(root, WANTS)).toEqual(['pgbouncer.service'])
  expect(namesIn(root, 'etc/rc2.d')).toEqual(['K81postgresql', 'S19pgbouncer'])
})

test("a file in the place of a link is the administrator's, and stays", () => {
  const root = aSystem()
  withoutServices(() => writeFileSync(join(root, WANTS, 'postgresql.service'), '[Unit]'), root)
  expect(lstatSync(join(root, WANTS, 'postgresql.service')).isFile()).toBe(true)
})

test('meanwhile no service starts and no cluster is made, under any umask; afterwards nothing of it is left', () => {
  const root = aSystem()
  const before = process.umask(0o077)
  try {
    withoutServices(() => {
      expect(readFileSync(join(root, POLICY), 'utf8')).toMatch(/^#!\/bin\/sh\n.*\nexit 101\n$/)
      expect(statSync(join(root, POLICY)).mode & 0o777).toBe(0o755)
      expect(statSync(join(root, 'etc/postgresql-common')).mode & 0o777).toBe(0o755)
      expect(namesIn(root, CLUSTERS)).toEqual(['pg-failover-drill.conf'])
    }, root)
  } finally {
    process.umask(before)
  }
  expect([existsSync(join(root, POLICY)), existsSync(join(root, 'etc/postgresql-common'))]).toEqual([false, false])
})

test('after an installation that failed nothing of it is left either', () => {
  const root = aSystem()
  const failing = () => {
    enable(root, 'postgresql')
    throw new Error('apt-get install failed')
  }
  expect(() => withoutServices(failing, root)).toThrow('apt-get install failed')
  expect(namesIn(root, WANTS)).toEqual([])
  expect([existsSync(join(root, POLICY)), existsSync(join(root, 'etc/postgresql-common'))]).toEqual([false, false])
})

test("the packages' own files, and a policy of the administrator's, stay", () => {
  const root = aSystem()
  writeFileSync(join(root, POLICY), '#!/bin/sh\nexit 0\n')
  withoutServices(() => {
    writeFileSync(join(root, CLUSTERS, 'theirs.conf'), '')
    expect(readFileSync(join(root, POLICY), 'utf8')).toContain('exit 0')
  }, root)
  expect(readFileSync(join(root, POLICY), 'utf8')).toContain('exit 0')
  expect(namesIn(root, CLUSTERS)).toEqual(['theirs.conf'])
})

test('a policy that an interrupted run left is removed', () => {
  const root = aSystem()
  let ours = ''
  withoutServices(() => {
    ours = readFileSync(join(root, POLICY), 'utf8')
  }, root)
  writeFileSync(join(root, POLICY), ours)
  withoutServices(() => {}, root)
  expect(existsSync(join(root, POLICY))).toBe(false)
})
