/**
 * The step `image`: the load generator's image, built in the registry and set by digest. A tag can be pushed again, a digest cannot.
 * The base image is copied into the registry first: Docker Hub limits anonymous pulls, and builds in Azure share few addresses.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import { ROOT } from '../bundle.ts'
import { image, read } from './decisions/answers.ts'
import { isLimited, isMissing } from './decisions/az-error.ts'
import { guard } from './guard.ts'
import { missingAsNull, type Release, withRetry } from './release.ts'

const REPOSITORY = 'pg-failover-drill/loadgen'
const BASE_REPOSITORY = 'pg-failover-drill/base'
const LIMITED = { isPassing: isLimited, forMs: 15 * 60_000, everyMs: 60_000 } as const

export async function releaseImage(release: Release): Promise<void> {
  await guard(release)
  const reference = release.options.image ?? (await builtImage(release))
  const app = await release.output('AZURE_FUNCTION_APP_NAME')
  const setting = `LOADGEN_IMAGE=${reference}`
  // First the tag: the template reads it, and a deployment between the two would otherwise set the old image again.
  await keepInTag(release, reference)
  const place = ['--resource-group', release.group, '--name', app]
  await release.az.run(['functionapp', 'config', 'appsettings', 'set', ...place, '--settings', setting])
  release.say(`${setting}`)
}

async function keepInTag({ az, group, output }: Release, reference: string): Promise<void> {
  const tag = await output('LOADGEN_IMAGE_TAG')
  const id = `/subscriptions/${az.subscription}/resourceGroups/${group}`
  await az.run(['tag', 'update', '--resource-id', id, '--operation', 'Merge', '--tags', `${tag}=${reference}`])
}

async function builtImage(release: Release): Promise<string> {
  const registry = await release.output('AZURE_CONTAINER_REGISTRY_NAME')
  const endpoint = await release.output('AZURE_CONTAINER_REGISTRY_ENDPOINT')
  const base = await importedBase(release, registry)
  const name = `${REPOSITORY}:${await revision()}`
  release.say(`building ${name} in ${registry}`)
  const build = ['acr', 'build', '--registry', registry, '--image', name, '--file', 'loadgen-image/Dockerfile']
  const argument = ['--build-arg', `BASE_IMAGE=${endpoint}/${base}`]
  await withRetry(release, { ...LIMITED, of: 'the build' }, () =>
    release.az.run([...build, ...argument, '.'], { isShown: true }),
  ).catch((error: unknown) => {
    throw new CannotRun(`${wordsOf(error)}. ${WAY_OUT}`)
  })
  const digest = await digestOf(release, registry, name)
  if (digest === null) throw new CannotRun(`The registry has no ${name} after its build`)
  return `${endpoint}/${REPOSITORY}@${digest}`
}

/** Azure runs no builds for subscriptions on free credit (container-registry-tasks-overview). */
const WAY_OUT =
  'Where Azure runs no builds, build with Docker: docker build -f loadgen-image/Dockerfile, push it to the registry, and give --image'

/** Name and digest of the base image in the registry. */
async function importedBase(release: Release, registry: string): Promise<string> {
  const name = baseImage()
  const own = `${BASE_REPOSITORY}:${name.slice(name.indexOf(':') + 1)}`
  if ((await digestOf(release, registry, own)) === null) {
    release.say(`copying ${name} into ${registry}`)
    const source = `docker.io/library/${name}`
    await withRetry(release, { ...LIMITED, of: `copying ${name}` }, () =>
      release.az.run(['acr', 'import', '--name', registry, '--source', source, '--image', own, '--force']),
    )
  }
  const digest = await digestOf(release, registry, own)
  if (digest === null) throw new CannotRun(`The registry has no ${own} after its import`)
  return `${BASE_REPOSITORY}@${digest}`
}

/** The one place that names it is the Dockerfile. */
export function baseImage(dockerfile = readFileSync(join(ROOT, 'loadgen-image/Dockerfile'), 'utf8')): string {
  const [, name] = /^ARG BASE_IMAGE=(node:[\w.-]+)$/m.exec(dockerfile) ?? []
  if (name === undefined) throw new Error('loadgen-image/Dockerfile has no line ARG BASE_IMAGE=node:...')
  return name
}

const NOT_THERE = ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'TAG_UNKNOWN']

/** Null: the registry does not have it. */
async function digestOf({ az }: Release, registry: string, name: string): Promise<string | null> {
  const answer = await az
    .run(['acr', 'repository', 'show', '--name', registry, '--image', name])
    .catch((error: unknown) => {
      if (isMissing(error) || NOT_THERE.some((code) => wordsOf(error).includes(code)) || isNotFound(error)) return null
      return missingAsNull(error)
    })
  return answer === null ? null : read(image, answer, name).digest
}

const isNotFound = (error: unknown): boolean => /not found|does not exist|not known to registry/i.test(wordsOf(error))

async function revision(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT })
    return stdout.trim()
  } catch {
    // Not a clone: the time names the build.
    return new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  }
}
