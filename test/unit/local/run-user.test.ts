/** Whose the servers are, and where: on machines whose users and temporary folders are unusual. */
import { userInfo } from 'node:os'
import { isAbsolute, join, relative } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { requireProcessTable } from '../../../infra/local/process/process-table.ts'
import { requireName } from '../../../infra/local/process/run-user.ts'
import { stateDirectory } from '../../../infra/local/process/stack-folder.ts'
import { aFolder } from '../../support/folder.ts'

test('a user without a name, as a container may have, learns so before anything starts', () => {
  const noName = () => {
    throw new Error('ENOENT: no such file or directory, uv_os_get_passwd')
  }
  expect(() => requireName(noName)).toThrow(
    /^PostgreSQL needs a user with a name, and this system has none for user id \d+\. .* to \/etc\/passwd$/,
  )
  expect(() => requireName(() => userInfo().username)).not.toThrow()
})

test('a system without /proc is refused with what mounts it, before the load generator counts as dead', () => {
  expect(() => requireProcessTable(null)).toThrow('/proc shows no processes here. Mount it: mount -t proc proc /proc')
  expect(() => requireProcessTable()).not.toThrow()
})

function withTmpdir(value: string): string {
  vi.stubEnv('TMPDIR', value)
  vi.stubEnv('DRILL_STATE_DIR', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
  return stateDirectory()
}

test('a relative TMPDIR is taken from the working directory: the servers have others', () => {
  const folder = aFolder()
  const found = withTmpdir(relative(process.cwd(), folder))
  expect(isAbsolute(found)).toBe(true)
  expect(found).toBe(folder)
})

test('a TMPDIR that does not exist is replaced by the common folder', () => {
  expect(withTmpdir(join(aFolder(), 'gone'))).toBe('/tmp')
})
