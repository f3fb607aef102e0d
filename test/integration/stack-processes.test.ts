import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { identityOf, processScope } from '../../infra/local/process/process-table.ts'
import { Processes } from '../../infra/local/process/processes.ts'
import {
  clearDeadStacks,
  createStackFolder,
  killTree,
  MARKER,
  requireSpace,
} from '../../infra/local/process/stack-folder.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder } from '../support/folder.ts'
import { isListening, processesOf } from '../support/leaks.ts'
import { OWN_NAMESPACES, whyNoNamespaces } from '../support/namespaces.ts'
import { unless } from '../support/skips.ts'
import { timeouts } from '../support/timeouts.ts'
import { withPair, withProcesses } from '../support/with-stack.ts'

const WAITS = 'setInterval(() => {}, 1e6)'
const node = (script: string) => ({ command: process.execPath, args: ['-e', script] })
const isGone = (pid: number) => identityOf(pid) === null

function startBystander(environment: Readonly<Record<string, string>> = {}): ChildProcess & { readonly pid: number } {
  const child = spawn(process.execPath, ['-e', WAITS], { env: { ...process.env, ...environment } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child as ChildProcess & { readonly pid: number }
}

/** No process has this pid. */
const DEAD = { pid: 2 ** 22, startedAt: '1' }

/** The folder of a killed run. */
function abandonedFolder(base: string, id: string, processes: readonly object[]): string {
  const path = join(base, `pg-failover-drill-${id}`)
  mkdirSync(path)
  writeFileSync(join(path, 'owner.json'), JSON.stringify({ ...DEAD, scope: processScope() }))
  writeFileSync(join(path, 'processes.jsonl'), processes.map((one) => `${JSON.stringify(one)}\n`).join(''))
  return path
}

test('stopping ends every process, in reverse order', async () => {
  await withProcesses(async ({ processes }) => {
    const ended: string[] = []
    for (const name of ['first', 'second', 'third']) {
      const child = processes.start({ name, ...node(WAITS) })
      void child.exited.then(() => ended.push(name))
    }
    await processes.stopAll()
    expect({ ended, running: processes.running }).toEqual({ ended: ['third', 'second', 'first'], running: [] })
  })
})

test('a process that ignores SIGTERM is killed, and so are its children', async () => {
  await withProcesses(async ({ processes }) => {
    const child = processes.start({
      name: 'stubborn',
      ...node(`process.on('SIGTERM', () => {})
        console.log(require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(WAITS)}]).pid)
        ${WAITS}`),
      patienceMs: 200,
    })
    const grandchild = await eventually('it has a child', 10_000, () => Number.parseInt(child.log(), 10) || null)
    await child.stop()
    expect(child.exit).toEqual({ code: null, signal: 'SIGKILL' })
    await eventually('its child is gone', timeouts.processEndsMs, () => isGone(grandchild))
  })
})

test('nothing is started any more once the stack stops', async () => {
  await withProcesses(async ({ processes }) => {
    await processes.stopAll()
    expect(() => processes.start({ name: 'late', ...node(WAITS) })).toThrow(
      'late is not started: the stack is stopping',
    )
  })
})

test('a program that does not exist is named', async () => {
  await withProcesses(async ({ processes }) => {
    expect(() => processes.start({ name: 'x', command: '/nowhere/program', args: [] })).toThrow(
      '/nowhere/program could not be started',
    )
  })
})

test('the next run clears the processes, their children and the folder of a run that got SIGKILL', async () => {
  const run = spawn(process.execPath, [join(import.meta.dirname, '../support/abandoned-stack.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void run.kill('SIGKILL'))
  const [line] = (await once(createInterface(run.stdout), 'line')) as [string]
  const left = JSON.parse(line) as { readonly id: string; readonly path: string; readonly pids: readonly number[] }
  const ofIt = () => clearDeadStacks().filter((words) => words.includes(left.id))
  expect(ofIt(), 'a living run is left alone').toEqual([])

  run.kill('SIGKILL')
  await once(run, 'exit')
  expect(processesOf(left.id).sort()).toEqual([...left.pids].sort())

  const cleared = await eventually('it is cleared', 10_000, () => ofIt().find(Boolean))
  expect(cleared).toBe(`cleared what an interrupted run left: 1 processes and ${left.path}`)
  await eventually('all of it is gone', timeouts.processEndsMs, () => processesOf(left.id).length === 0)
  expect(existsSync(left.path)).toBe(false)
})

test.each([
  ['that got the pid of a dead one', 'a'.repeat(10), (pid: number) => ({ pid, startedAt: '1' })],
  ['without the marker of the stack', null, (pid: number) => identityOf(pid)],
] as const)('a process %s is not killed, and the folder of the dead stack is removed', (_, marker, entryOf) => {
  const base = aFolder()
  const bystander = startBystander(marker === null ? {} : { [MARKER]: marker })
  const path = abandonedFolder(base, 'a'.repeat(10), [{ name: 'x', ...entryOf(bystander.pid) }])
  clearDeadStacks(base)
  expect({ isGone: isGone(bystander.pid), folder: existsSync(path) }).toEqual({ isGone: false, folder: false })
})

test('a process with pid, start time and marker of a dead stack is killed', async () => {
  const base = aFolder()
  const id = 'cccccccccc'
  const bystander = startBystander({ [MARKER]: id })
  abandonedFolder(base, id, [{ name: 'x', ...identityOf(bystander.pid) }])
  clearDeadStacks(base)
  await eventually('it is gone', timeouts.processEndsMs, () => isGone(bystander.pid))
})

const scope = String(processScope())
test.each([
  ['that another boot numbered', scope.replace(/^\S+/, '00000000-0000-4000-8000-000000000000')],
  ['of another PID namespace', scope.replace(/pid:\[\d+\]/, 'pid:[1]')],
  ['whose scope is not known', null],
])('a stack with an owner %s is left alone, and the line says so', (_, other) => {
  const base = aFolder()
  const id = 'd'.repeat(10)
  const bystander = startBystander({ [MARKER]: id })
  const path = abandonedFolder(base, id, [{ name: 'x', ...identityOf(bystander.pid) }])
  writeFileSync(join(path, 'owner.json'), JSON.stringify({ ...DEAD, scope: other }))
  expect(clearDeadStacks(base)).toEqual([
    expect.stringMatching(new RegExp(`^left ${path}: .*Remove it if they do not$`)),
  ])
  expect({ isGone: isGone(bystander.pid), folder: existsSync(path) }).toEqual({ isGone: false, folder: true })
})

const why = whyNoNamespaces()
describe('beside a container', unless(why && `no stack is cleared beside a container: ${why}`), () => {
  const CLEAR = join(import.meta.dirname, '../support/clear-stacks.ts')
  const ABANDONED = join(import.meta.dirname, '../support/abandoned-stack.ts')

  test.each([
    ['with a /proc of its own', ['--mount-proc'], expect.stringContaining('pid:[')],
    ['whose /proc shows the processes of this system', [], null],
  ])('%s: each leaves the running stacks of the other alone', async (_, proc, itsScope) => {
    const base = aFolder()
    const env = { ...process.env, DRILL_STATE_DIR: base }
    const ours = createStackFolder(base)
    const args = [...OWN_NAMESPACES, ...proc, process.execPath]
    const run = spawn('unshare', [...args, ABANDONED], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void run.kill('SIGKILL'))
    const [line] = (await once(createInterface(run.stdout), 'line')) as [string]
    const { path } = JSON.parse(line) as { readonly path: string }

    const fromInside = spawnSync('unshare', [...args, CLEAR, base], { encoding: 'utf8' })
    const fromHere = clearDeadStacks(base)
    expect([path, ours.path].map((folder) => existsSync(folder))).toEqual([true, true])
    const inside = JSON.parse(fromInside.stdout) as { readonly scope: string | null; readonly said: readonly string[] }
    expect(inside.scope).toEqual(itsScope)
    expect(inside.said).toEqual(expect.arrayContaining([expect.stringContaining(`left ${ours.path}:`)]))
    expect(fromHere).toEqual([expect.stringContaining(`left ${path}:`)])
  })
})

test('a kept folder is not cleared', () => {
  const base = aFolder()
  const folder = createStackFolder(base)
  folder.close({ keep: true })
  writeFileSync(join(folder.path, 'owner.json'), JSON.stringify({ ...DEAD, scope: processScope(), keptAt: 'today' }))
  expect({ cleared: clearDeadStacks(base), exists: existsSync(folder.path) }).toEqual({ cleared: [], exists: true })
})

test('a held port is taken until it is released, and no two are the same', async () => {
  await withProcesses(async ({ folder }) => {
    const held = await Promise.all(Array.from({ length: 20 }, () => holdFreePort(folder)))
    expect(new Set(held.map(({ port }) => port)).size).toBe(20)
    const ports = await Promise.all(held.map(async ({ port }) => isListening(port)))
    expect(ports.every(Boolean)).toBe(true)
    await Promise.all(held.map((one) => one.release()))
    expect(await Promise.all(held.map(({ port }) => isListening(port)))).toEqual(held.map(() => false))
  })
})

test('killAllNow leaves no process', async () => {
  const folder = createStackFolder()
  onTestFinished(() => folder.close({ keep: false }))
  const processes = new Processes(folder)
  for (const name of ['a', 'b']) processes.start({ name, ...node(WAITS) })
  processes.killAllNow()
  await eventually('all are gone', timeouts.processEndsMs, () => processesOf(folder.id).length === 0)
})

test('the error of a full disk names the folder, the needed space and the next step', () => {
  const base = aFolder()
  expect(() => requireSpace(base, 2 ** 40, 'a local stack', 'set DRILL_STATE_DIR to a roomier place')).toThrow(
    new RegExp(
      `^${base} has \\d+ MB free, and a local stack needs 1099511627776 MB\\. Free some space, or set DRILL_STATE_DIR`,
    ),
  )
})

// ---- Shared memory ----------------------------------------------------------------------------------------------------

const segments = () =>
  readFileSync('/proc/sysvipc/shm', 'utf8')
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter(([, id]) => id !== undefined)

/** A segment without a server: key, id, and the process that made it. */
function leaveSegment(): readonly [key: string, id: string, creator: string] {
  const before = new Set(segments().map(([, id]) => id))
  execFileSync('ipcmk', ['-M', '64'])
  const made = segments().find(([, id]) => !before.has(id))
  if (made === undefined) throw new Error('ipcmk made no segment')
  onTestFinished(() => void spawnSync('ipcrm', ['-m', String(made[1])], { stdio: 'ignore' }))
  return [String(made[0]), String(made[1]), String(made[4])]
}

const isLeft = (id: string) => segments().some((row) => row[1] === id)

function abandonedServer(base: string, id: string, pidFile: string): void {
  const data = join(abandonedFolder(base, id, []), 'zone-1')
  mkdirSync(data)
  writeFileSync(join(data, 'postmaster.pid'), pidFile)
}

const pidFile = (creator: string, key: string, id: string) =>
  `${creator}\n/data\n1\n5432\n\n127.0.0.1\n ${key} ${id}\nready\n`

test('clearing an interrupted run removes the segments of its killed servers, and no other segment', () => {
  const base = aFolder()
  const [key, ours, creator] = leaveSegment()
  const [otherKey, others] = leaveSegment()
  abandonedServer(base, 'a'.repeat(10), pidFile(creator, key, ours))
  // The id now belongs to a segment of another process.
  abandonedServer(base, 'b'.repeat(10), pidFile('1', otherKey, others))
  expect(clearDeadStacks(base)).toHaveLength(2)
  expect([isLeft(ours), isLeft(others)]).toEqual([false, true])
})

test('no segment of a killed server is left when the stack ends', async () => {
  let made: string[] = []
  await withPair(async (pair) => {
    const servers = [pair.primary, pair.standby].map(({ process: own }) => String(own?.pid))
    made = segments().flatMap(([, id, , , creator]) =>
      id !== undefined && servers.includes(creator ?? '') ? [id] : [],
    )
    const pid = pair.primary.process?.pid ?? 0
    killTree(pid, 'SIGKILL')
    await pair.primary.process?.exited
  })
  expect(made).toHaveLength(2)
  expect(made.filter(isLeft)).toEqual([])
})
