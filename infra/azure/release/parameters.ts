/**
 * The step `parameters`: server parameters of infra/azure/database-parameters.json. Not in the template, because a server refuses a
 * change during another one, most of all right after its creation, and Resource Manager does not try again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { CannotRun } from '../../local/process/problem.ts'
import { ROOT } from '../bundle.ts'
import { configurations, liveParameters, read } from './decisions/answers.ts'
import { isBusy } from './decisions/az-error.ts'
import {
  differences,
  type LiveParameter,
  pendingRestart,
  planParameters,
  type WantedParameter,
} from './decisions/parameters.ts'
import { findServer, POSTGRES_API, serverPath } from './deployed.ts'
import { guard } from './guard.ts'
import { type Release, withRetry } from './release.ts'

const FILE = join(ROOT, 'infra/azure/database-parameters.json')
const SCHEMA = z.array(z.object({ name: z.string(), value: z.string(), why: z.string(), isStatic: z.boolean() }))

/** A standby is built within about 20 minutes. */
const BUSY = { isPassing: isBusy, forMs: 30 * 60_000, everyMs: 30_000 } as const

export const readParameters = (file = FILE): WantedParameter[] =>
  read(SCHEMA, JSON.parse(readFileSync(file, 'utf8')), file)

export async function applyParameters(release: Release, wanted = readParameters()): Promise<void> {
  const server = await release.output('POSTGRES_SERVER')
  const live = await listParameters(release)
  if ((await release.output('CREATES_SERVER')).toLowerCase() !== 'true')
    return sayOfOwner(release, server, wanted, live)
  const first = planParameters(wanted, live)
  refuse(first.refused)
  if (first.changes.length + first.missing.length + pendingRestart(live).length > 0) await requireStarted(release)
  for (const parameter of first.changes) await setParameter(release, server, parameter)
  // PgBouncer's own parameters are listed once it is enabled.
  const second = planParameters(first.missing, first.missing.length === 0 ? [] : await listParameters(release))
  refuse([...second.refused, ...second.missing.map(({ name }) => `the server has no parameter ${name}`)])
  for (const parameter of second.changes) await setParameter(release, server, parameter)
  const count = first.changes.length + second.changes.length
  release.say(`${server}: ${count} parameters set, ${first.equal.length + second.equal.length} were equal`)
  await settle(release, server, wanted)
}

/** A stopped server takes no parameter, and to start it costs money: that is the operator's decision. */
async function requireStarted(release: Release): Promise<void> {
  const server = await findServer(release)
  if (server?.properties.state !== 'Stopped') return
  const group = await release.output('POSTGRES_RESOURCE_GROUP')
  throw new CannotRun(
    `${server.name} is stopped, and parameters are to be set. Start it and run this again: az postgres flexible-server start --subscription ${release.az.subscription} --resource-group ${group} --name ${server.name}`,
  )
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new CannotRun(`Parameters that cannot be set: ${problems.join('; ')}`)
}

async function setParameter(release: Release, server: string, { name, value }: WantedParameter): Promise<void> {
  const group = await release.output('POSTGRES_RESOURCE_GROUP')
  const place = ['--resource-group', group, '--server-name', server]
  await withRetry(release, { ...BUSY, of: name }, () =>
    release.az.run([
      'postgres',
      'flexible-server',
      'parameter',
      'set',
      ...place,
      '--name',
      name,
      '--value',
      value,
      '--source',
      'user-override',
    ]),
  )
  release.say(`${name} = ${value}`)
}

/** One restart for all static parameters, and none while a drill runs. */
async function settle(release: Release, server: string, wanted: readonly WantedParameter[]): Promise<void> {
  const pending = pendingRestart(await listParameters(release))
  if (pending.length > 0) {
    await guard(release)
    release.say(`restarting ${server} to apply ${pending.join(', ')}`)
    const group = await release.output('POSTGRES_RESOURCE_GROUP')
    await withRetry(release, { ...BUSY, of: 'the restart' }, () =>
      release.az.run(['postgres', 'flexible-server', 'restart', '--resource-group', group, '--name', server]),
    )
  }
  const live = await listParameters(release)
  const wrong = [
    ...differences(wanted, live),
    ...pendingRestart(live).map((name) => `${name} still waits for a restart`),
  ]
  if (wrong.length > 0) throw new CannotRun(`The parameters of ${server} are not in force: ${wrong.join('; ')}`)
}

/** The owner of an existing server decides about it: the command is printed, and not run. */
function sayOfOwner(
  release: Release,
  server: string,
  wanted: readonly WantedParameter[],
  live: readonly LiveParameter[],
): void {
  const pending = pendingRestart(live)
  const other = planParameters(wanted, live).changes.length
  release.say(`${server} was there before: its parameters stay as its owner set them (${other} differ from the file)`)
  if (pending.length > 0)
    release.say(
      `it waits for a restart to apply ${pending.join(', ')}; at a suitable time: az postgres flexible-server restart`,
    )
}

async function listParameters(release: Release): Promise<LiveParameter[]> {
  const value = await release.az.list(`${await serverPath(release)}/configurations`, POSTGRES_API)
  return liveParameters(read(configurations, { value }, "the server's parameters"))
}
