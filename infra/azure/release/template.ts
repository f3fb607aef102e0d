/** The steps `template` and `live`: a deployment, the first or a later one, that changes nothing which drills or releases set. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import * as answers from './decisions/answers.ts'
import { isNotReplicated } from './decisions/az-error.ts'
import { type LiveValues, liveValues } from './decisions/live-values.ts'
import { findServer } from './deployed.ts'
import { guard } from './guard.ts'
import { missingAsNull, type Release, withRetry } from './release.ts'

export async function deployTemplate(release: Release): Promise<void> {
  const { az, options, group } = release
  await guard(release)
  await ensureGroup(release)
  const live = await readLive(release)
  sayLive(release, live)
  release.say(`deploying the template to ${group}: about half an hour for the first time`)
  const parameters = [options.parametersFile, ...options.parameter].flatMap((text) => ['--parameters', text])
  const command = ['deployment', 'group', 'create', '--resource-group', group, '--name', options.deployment]
  const retry = { of: 'the deployment', isPassing: isNotReplicated, forMs: 6 * 60_000, everyMs: 2 * 60_000 }
  await withRetry(release, retry, () => az.run([...command, ...parameters], { environment: live }))
  release.forgetOutputs()
  release.say('the template is deployed')
}

async function ensureGroup({ az, group, options, environment, say }: Release): Promise<void> {
  if ((await az.run(['group', 'exists', '--name', group])) === true) return
  const location = options.location ?? environment.AZURE_LOCATION
  if (!location) throw new CannotRun(`The resource group ${group} does not exist: give --location REGION`)
  await az.run(['group', 'create', '--name', group, '--location', location])
  say(`created the resource group ${group} in ${location}`)
}

/** Region of the deployment: that of its group, which keeps its region; a new group gets the given one. */
export async function regionOf({ az, group, options, environment }: Release): Promise<string> {
  const answer = await az.run(['group', 'show', '--name', group]).catch(missingAsNull)
  if (answer !== null) return answers.read(answers.group, answer, 'the resource group').location
  const given = options.location ?? environment.AZURE_LOCATION
  if (given) return given
  throw new CannotRun(`The resource group ${group} does not exist: give --location REGION`)
}

// ---- What a deployment must not change back -----------------------------------------------------------------------

/** azd deploys by itself, with the values of its environment: they are set there. */
export async function passLiveToAzd(release: Release): Promise<void> {
  if (release.environment.AZURE_ENV_NAME === undefined)
    throw new CannotRun('The step live is for hooks of azd: AZURE_ENV_NAME is not set. The step template needs no live')
  await guard(release)
  const live = await readLive(release)
  sayLive(release, live)
  for (const [name, value] of Object.entries(live)) await setInAzd(release, name, value)
}

/** azd is a program, not a batch file, on every system. */
async function setInAzd({ environment }: Release, name: string, value: string): Promise<void> {
  await promisify(execFile)('azd', ['env', 'set', name, value], { env: environment, timeout: 60_000 }).catch(
    (error: unknown) => {
      throw new CannotRun(`azd env set ${name} failed: ${wordsOf(error)}`)
    },
  )
}

async function readLive(release: Release): Promise<LiveValues> {
  return liveValues(await findServer(release))
}

function sayLive(release: Release, live: LiveValues): void {
  const texts = Object.entries(live).map(([name, value]) => `${name}=${value}`)
  release.say(texts.length === 0 ? 'nothing is deployed yet' : `kept as it is: ${texts.join(', ')}`)
}

// ---- Parameters ---------------------------------------------------------------------------------------------------

export interface TemplateParameters {
  readonly given: Readonly<Record<string, unknown>>
  readonly defaults: Readonly<Record<string, unknown>>
  /** As Azure gets it. */
  readonly template: string
}

/** From the file and the command line, by the compiler that the deployment would use. */
export async function templateParameters({ az, options }: Release): Promise<TemplateParameters> {
  const answer = await az.run(['bicep', 'build-params', '--file', options.parametersFile, '--stdout'])
  const { parametersJson, templateJson } = answers.read(answers.builtParameters, answer, 'the compiled parameters')
  const file = answers.read(answers.parameterFile, JSON.parse(parametersJson), 'the parameters')
  const template = answers.read(answers.compiledTemplate, JSON.parse(templateJson), 'the template')
  const typed = options.parameter.map((text) => {
    const [name = '', ...value] = text.split('=')
    return [name, value.join('=')]
  })
  return {
    given: {
      ...Object.fromEntries(Object.entries(file.parameters).map(([name, { value }]) => [name, value])),
      ...Object.fromEntries(typed),
    },
    defaults: Object.fromEntries(
      Object.entries(template.parameters).map(([name, { defaultValue }]) => [name, defaultValue]),
    ),
    template: templateJson,
  }
}
