/** The step `preflight`: asks Azure what a deployment needs, before anything is created; and the step `providers`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import { ROOT } from '../bundle.ts'
import * as answers from './decisions/answers.ts'
import {
  advice,
  type Finding,
  judgeProviders,
  judgeQuota,
  judgeRuntime,
  namespacesIn,
  ok,
  otherRegions,
  otherSkus,
  problem,
  RUNTIME_PROVIDERS,
  refusalOf,
  type SkuTable,
  unknown,
  type WantedServer,
  wantedServer,
} from './decisions/preflight.ts'
import { findServer, POSTGRES_API } from './deployed.ts'
import type { Release } from './release.ts'
import { regionOf, templateParameters } from './template.ts'

const CONTAINER_API = '2023-05-01'
/** Every region asked is a call of a second or two. */
const MAX_REGIONS = 8
/** That many names are enough of an answer. */
const MAX_NAMES = 2

export async function preflight(release: Release): Promise<void> {
  const { template, wanted } = await questions(release)
  const findings = await Promise.all([
    asked('server', () => judgeServer(release, wanted)),
    asked('runtime', () => askRuntime(release, wanted.location)),
    asked('providers', () => askProviders(release, namespacesIn(template))),
    asked('container quota', () => askQuota(release, wanted.location)),
  ])
  for (const { subject, state, text } of findings) release.say(`${state.padEnd(8)}${subject}: ${text}`)
  const problems = findings.filter(({ state }) => state === 'problem')
  if (problems.length > 0)
    throw new CannotRun(
      `Nothing was deployed. ${problems.map(({ subject, text }) => `${subject}: ${text}`).join('. ')}`,
    )
}

interface Questions {
  readonly template: string
  readonly wanted: WantedServer & { readonly existingServerId: string }
}

/** What the deployment would ask Azure for, from the parameters that it would have. */
async function questions(release: Release): Promise<Questions> {
  const { given, defaults, template } = await templateParameters(release)
  const wanted = wantedServer(given, defaults, await regionOf(release))
  return { template, wanted: { ...wanted, existingServerId: String(given.existingServerId ?? '') } }
}

/** A question that is refused, for instance for want of a right, is no problem of the deployment. */
async function asked(subject: string, question: () => Promise<Finding>): Promise<Finding> {
  try {
    return await question()
  } catch (error) {
    return unknown(subject, wordsOf(error))
  }
}

// ---- The server -------------------------------------------------------------------------------------------------------

/** A server that exists is not created again: a region that takes no new ones does not matter. */
async function judgeServer(release: Release, wanted: Questions['wanted']): Promise<Finding> {
  if (wanted.existingServerId !== '') return judgeExisting(release, wanted.existingServerId, wanted.location)
  const own = await findServer(release)
  if (own !== null) return ok('server', `${own.name} exists in ${own.location}; a deployment does not change it`)
  const table = JSON.parse(readFileSync(join(ROOT, 'infra/azure/skus.json'), 'utf8')) as SkuTable
  const offered = await capabilitiesOf(release, wanted.location)
  const refusal = refusalOf(wanted, table, offered)
  if (refusal === null) return ok('server', `${wanted.location} offers ${wanted.sku} with ${wanted.haMode} HA`)
  const skus = otherSkus(wanted, table, offered)
  const regions = await regionsThatWouldDo(release, wanted, table)
  return problem(refusal.subject, `${refusal.text}. ${advice(wanted.location, skus, regions)}`)
}

async function judgeExisting({ az }: Release, id: string, location: string): Promise<Finding> {
  const own = answers.read(answers.server, await az.get(id, POSTGRES_API), id)
  const mode = own.properties.highAvailability?.mode ?? 'Disabled'
  if (mode === 'Disabled')
    return problem('server', `${own.name} has no high availability: there is no failover to drill`)
  const place = own.location.toLowerCase().replaceAll(' ', '')
  return place === location.toLowerCase()
    ? ok('server', `${own.name} exists, with ${mode} HA`)
    : problem('server', `${own.name} is in ${place}, and the deployment in ${location}: deploy to the server's region`)
}

async function capabilitiesOf({ az }: Release, location: string): Promise<answers.Capability[]> {
  const path = `/subscriptions/${az.subscription}/providers/Microsoft.DBforPostgreSQL/locations/${location}/capabilities`
  return answers.read(answers.capabilities, await az.get(path, POSTGRES_API), `the capabilities of ${location}`).value
}

async function regionsThatWouldDo(release: Release, wanted: WantedServer, table: SkuTable): Promise<string[]> {
  const all = answers.read(
    answers.locations,
    await release.az.run(['account', 'list-locations']),
    'the list of regions',
  )
  const found: string[] = []
  for (const location of otherRegions(wanted.location, all).slice(0, MAX_REGIONS)) {
    const offered = await capabilitiesOf(release, location).catch(() => null)
    if (offered !== null && refusalOf({ ...wanted, location }, table, offered) === null) found.push(location)
    if (found.length === MAX_NAMES) break
  }
  return found
}

// ---- The rest ---------------------------------------------------------------------------------------------------------

/** The major version that package.json pins, the tests run on and functions.bicep asks for. */
export function nodeVersion(): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  return (manifest.devDependencies.node ?? '').split('.')[0] ?? ''
}

async function askRuntime({ az }: Release, location: string): Promise<Finding> {
  const answer = await az.run([
    'functionapp',
    'list-flexconsumption-runtimes',
    '--location',
    location,
    '--runtime',
    'node',
  ])
  const offered = answers.read(answers.runtimes, answer ?? [], 'the list of runtimes').map(({ version }) => version)
  return judgeRuntime(location, nodeVersion(), offered)
}

async function askProviders(release: Release, namespaces: readonly string[]): Promise<Finding> {
  const needed = [...new Set([...namespaces, ...RUNTIME_PROVIDERS])]
  return judgeProviders(needed, await listProviders(release))
}

/** The whole list has every resource type of every provider: megabytes. */
const PROVIDER_QUERY = '[].{namespace: namespace, registrationState: registrationState}'

async function listProviders({ az }: Release) {
  return answers.read(
    answers.providers,
    await az.run(['provider', 'list', '--query', PROVIDER_QUERY]),
    'the list of providers',
  )
}

async function askQuota({ az }: Release, location: string): Promise<Finding> {
  const path = `/subscriptions/${az.subscription}/providers/Microsoft.ContainerInstance/locations/${location}/usages`
  const { value } = answers.read(answers.usages, await az.get(path, CONTAINER_API), `the quota of ${location}`)
  return judgeQuota(location, value)
}

/** Registering takes a right on the subscription, and minutes. Azure registers those of the template's types by itself. */
export async function registerProviders(release: Release): Promise<void> {
  const registered = new Set(
    (await listProviders(release))
      .filter(({ registrationState }) => registrationState === 'Registered')
      .map(({ namespace }) => namespace.toLowerCase()),
  )
  const { template } = await templateParameters(release)
  for (const name of new Set([...RUNTIME_PROVIDERS, ...namespacesIn(template)])) {
    if (registered.has(name.toLowerCase())) continue
    release.say(`registering ${name}`)
    await release.az.run(['provider', 'register', '--namespace', name, '--wait'])
  }
  release.say('all resource providers are registered')
}
