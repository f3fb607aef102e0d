/** What every step works with: the CLI, the options, the outputs of the template, and waiting. */
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import { type Az, createAz, type Execute } from './az.ts'
import { deployment, read } from './decisions/answers.ts'
import { isMissing } from './decisions/az-error.ts'
import type { ReleaseOptions } from './options.ts'

export interface Release {
  readonly az: Az
  readonly options: ReleaseOptions
  readonly environment: NodeJS.ProcessEnv
  /** Throws when no resource group is named. */
  readonly group: string
  say(text: string): void
  pause(ms: number): Promise<void>
  readonly packaged: Outside['packaged']
  /** The template was deployed: its outputs are read again. */
  forgetOutputs(): void
  /** An output of the template; throws when the template is not deployed. */
  output(name: OutputName): Promise<string>
  /** Null: there is none. */
  outputOrNull(name: OutputName): Promise<string | null>
}

/** Outputs of main.bicep. `test/unit/infra/release-files.test.ts` holds them against it. */
export const OUTPUT_NAMES = [
  'AZURE_FUNCTION_APP_NAME',
  'AZURE_CONTAINER_REGISTRY_NAME',
  'AZURE_CONTAINER_REGISTRY_ENDPOINT',
  'AZURE_KEY_VAULT_NAME',
  'POSTGRES_SERVER',
  'POSTGRES_RESOURCE_GROUP',
  'DRILL_API_URL',
  'CREATES_SERVER',
  'LOADGEN_IMAGE_TAG',
] as const
type OutputName = (typeof OUTPUT_NAMES)[number]

/** What tests replace. */
export interface Outside {
  readonly environment: NodeJS.ProcessEnv
  readonly pause: (ms: number) => Promise<void>
  readonly say: (text: string) => void
  readonly execute: Execute
  /** Packages the app, and returns the path of the zip. */
  readonly packaged: () => Promise<string>
}

export async function createRelease(
  options: ReleaseOptions,
  { environment, pause, say, packaged, execute }: Outside,
): Promise<Release> {
  const subscription = options.subscription ?? (environment.AZURE_SUBSCRIPTION_ID || null)
  const az = await createAz(subscription, environment, execute)
  const group = options.group ?? (environment.AZURE_RESOURCE_GROUP || null)
  const outputs = createOutputs(az, options, environment)
  return {
    az,
    options,
    environment,
    get group() {
      return required(group)
    },
    say,
    pause,
    packaged,
    forgetOutputs: outputs.forget,
    outputOrNull: (name) => outputs.read(group, name),
    output: async (name) => {
      const value = await outputs.read(group, name)
      if (value !== null) return value
      throw new CannotRun(
        `The deployment "${options.deployment}" in ${required(group)} has no output ${name}: deploy the template first (npm run release -- template)`,
      )
    },
  }
}

function required(group: string | null): string {
  if (group !== null) return group
  throw new CannotRun('No resource group: give --group NAME, or set AZURE_RESOURCE_GROUP')
}

/**
 * With --group from the deployment alone. Without it this is a hook of azd, which sets the outputs in the environment; a variable of a
 * shell that used another environment must never lead to another server.
 */
function createOutputs(az: Az, options: ReleaseOptions, environment: NodeJS.ProcessEnv) {
  let deployed: Promise<ReadonlyMap<string, string>> | null = null
  const isHook = options.group === null && environment.AZURE_ENV_NAME !== undefined
  const read = async (group: string | null, name: OutputName): Promise<string | null> => {
    const given = isHook ? environment[name] : undefined
    if (given) return given
    if (group === null || isHook) return null
    deployed ??= outputsOf(az, group, options.deployment)
    return (await deployed).get(name) ?? null
  }
  const forget = () => {
    deployed = null
  }
  return { read, forget }
}

async function outputsOf(az: Az, group: string, name: string): Promise<ReadonlyMap<string, string>> {
  const answer = await az
    .run(['deployment', 'group', 'show', '--resource-group', group, '--name', name])
    .catch(missingAsNull)
  if (answer === null) return new Map()
  const { properties } = read(deployment, answer, `the deployment ${name}`)
  return new Map(
    Object.entries(properties.outputs ?? {}).flatMap(([key, { value }]) =>
      value === null || value === undefined || value === '' ? [] : [[key.toUpperCase(), String(value)]],
    ),
  )
}

export function missingAsNull(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

// ---- Trying again -----------------------------------------------------------------------------------------------------

export interface Retry {
  readonly of: string
  readonly isPassing: (error: unknown) => boolean
  /** The pauses together. */
  readonly forMs: number
  readonly everyMs: number
}

/** Only errors that pass by themselves are waited for, and each is said. */
export async function withRetry<T>(
  release: Pick<Release, 'say' | 'pause'>,
  { of, isPassing, forMs, everyMs }: Retry,
  attempt: () => Promise<T>,
): Promise<T> {
  let waitedMs = 0
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isPassing(error) || waitedMs >= forMs) throw error
      release.say(`${of}: ${wordsOf(error)}; trying again in ${Math.round(everyMs / 1000)} s`)
      await release.pause(everyMs)
      waitedMs += everyMs
    }
  }
}
