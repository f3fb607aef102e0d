/** The options of `npm run release`, and what they are when they are not given. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import * as z from 'zod'
import { named } from '../../../loadgen-image/contract/fields.ts'
import { type Given, parseCommandLine, requireNone } from '../../local/process/command-line.ts'

/** In the order in which a whole deployment takes them. */
const STEPS = {
  preflight: 'asks region and subscription whether the deployment can succeed; changes nothing',
  providers: 'registers the resource providers that are missing, once per subscription',
  live: "passes zones and disk size of a deployed server on to azd's next deployment",
  template: 'creates the resource group and deploys infra/azure/main.bicep, with the live zones and disk size',
  parameters: 'applies the server parameters, with one restart when a static one waits for it',
  image: 'builds the load generator in the registry and sets it in the app by its digest',
  app: 'packages and deploys the function app',
  smoke: 'calls the API with its key until it answers',
  drill: 'runs one drill in the deployed app, and ends with its exit code',
  down: 'removes everything that was deployed; alone, and only with --yes',
} as const
export type Step = keyof typeof STEPS

/** Steps by one name: `up` from nothing or again, and without a name what a change of the code needs. */
const SEQUENCES: Readonly<Record<string, readonly Step[]>> = {
  up: ['providers', 'preflight', 'template', 'parameters', 'image', 'app', 'smoke'],
  '': ['parameters', 'image', 'app', 'smoke'],
}

const stepNames = [...Object.keys(STEPS), 'up']
const text = z.string().min(1, { error: 'a text' })
const existing = z
  .string()
  .refine(existsSync, { error: 'an existing file' })
  .transform((path) => resolve(path))
const pair = named(/^\w+=/, 'name=value')

export const RELEASE_COMMAND = {
  command: 'npm run release --',
  operands: '[STEP ...]',
  about: `Deploys to Azure, releases, and removes. Steps, each of which can be repeated:
${Object.entries(STEPS)
  .map(([name, help]) => `  ${name.padEnd(12)}${help}`)
  .join('\n')}
  ${'up'.padEnd(12)}${SEQUENCES.up?.join(', ')}
Without a step: ${SEQUENCES['']?.join(', ')}.`,
  options: {
    group: {
      flag: 'group',
      value: 'NAME',
      schema: text,
      help: 'resource group; default: AZURE_RESOURCE_GROUP',
    },
    subscription: {
      flag: 'subscription',
      value: 'ID',
      schema: text,
      help: "default: AZURE_SUBSCRIPTION_ID, else the Azure CLI's own default",
    },
    location: {
      flag: 'location',
      value: 'REGION',
      schema: text,
      help: 'region of a new resource group; default: AZURE_LOCATION',
    },
    deployment: {
      flag: 'deployment',
      value: 'NAME',
      default: 'main',
      schema: text,
      help: 'name of the deployment; another one for a second environment in the group',
    },
    parametersFile: {
      flag: 'parameters-file',
      value: 'FILE',
      default: 'infra/azure/main.bicepparam',
      schema: existing,
      help: 'parameters of the template',
    },
    parameter: {
      flag: 'parameter',
      value: 'NAME=VALUE',
      isRepeatable: true,
      schema: z.array(pair),
      help: 'a parameter of the template that the file does not set, or sets otherwise; repeatable',
    },
    image: {
      flag: 'image',
      value: 'REFERENCE',
      schema: named(/^[\w.-]+\/[\w./-]+@sha256:[0-9a-f]{64}$/, '<registry>/<name>@sha256:<digest>'),
      help: 'sets this image instead of building one',
    },
    request: {
      flag: 'request',
      value: 'FILE',
      schema: existing,
      help: 'JSON body of the drill; default: {"migrate": true}',
    },
    out: { flag: 'out', value: 'DIR', default: 'runs', schema: text, help: "folder for the drill's results" },
    force: { flag: 'force', help: 'release or remove although a drill runs, which ends it' },
    yes: { flag: 'yes', help: 'remove what `down` lists' },
  },
  closing: `Exit code: 0 done; 2 could not run; of a drill: 0 PASS, 1 FAIL, 3 INCONCLUSIVE or ABORTED.
In azd's hooks the names come from azd's environment, otherwise from the outputs of the deployment.`,
} as const

export type ReleaseOptions = Given<typeof RELEASE_COMMAND>['options']

export interface Command {
  readonly steps: readonly Step[]
  readonly options: ReleaseOptions
}

/** 'help' when that is asked for. Throws CannotRun with every problem. */
export function parseRelease(args: readonly string[]): Command | 'help' {
  const given = parseCommandLine(RELEASE_COMMAND, args)
  if (given === 'help') return 'help'
  const problems = given.operands.flatMap((operand, i) =>
    stepNames.includes(operand) ? [] : [`step ${i + 1} is unknown; the steps are ${stepNames.join(', ')}`],
  )
  const steps = (given.operands.length === 0 ? [''] : given.operands).flatMap(
    (operand) => SEQUENCES[operand] ?? [operand as Step],
  )
  if (steps.includes('down') && steps.length > 1) problems.push('down is a step of its own: give it alone')
  requireNone(RELEASE_COMMAND, problems)
  return { steps: [...new Set(steps)], options: given.options }
}
