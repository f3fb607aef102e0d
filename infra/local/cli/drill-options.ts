/** The options of a drill or a campaign, on this machine or in an app. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as z from 'zod'
import { CAMPAIGN_LIMITS } from '../../../functions/request/campaign.ts'
import { REQUEST_LIMITS } from '../../../functions/request/request.ts'
import { number, oneOf, whole } from '../../../loadgen-image/contract/fields.ts'
import { addressSchema } from '../http/address.ts'
import { type OptionsOf, plainNumber } from '../process/command-line.ts'
import { type Body, FAILOVER_AT_HERE, listed, REQUEST_OPTIONS } from './request-options.ts'

export type DrillOptions = Omit<OptionsOf<typeof DRILL_COMMAND>, 'repeat'> & { readonly repeat: number }

const atSeconds = number(0, REQUEST_LIMITS.maxDurationSeconds)
const numeric = <T extends z.ZodType>(schema: T) => z.preprocess(plainNumber, schema)
const existing = z
  .string()
  .refine(existsSync, { error: 'an existing file or folder' })
  .transform((path) => resolve(path))

/** The JSON object in a file. */
export const bodyIn = z.string().transform((path, context): Body => {
  try {
    const body: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body
  } catch {
    // Said below.
  }
  context.issues.push({ code: 'custom', message: 'a readable file with a JSON object', input: path })
  return z.NEVER
})

const MAX_SEED = 4_294_967_295

export const PROGRAM = (process.argv[1] ?? '').includes('pg-failover-drill.cjs')
  ? 'npx pg-failover-drill'
  : 'npm run drill --'

const IN_APP = 'In a deployed app'
const RESULTS = 'Results'
const HERE = 'On this machine alone'

/** Where the app is, and how it lets this command in. */
export const APP_OPTIONS = {
  app: {
    heading: IN_APP,
    flag: 'app',
    value: 'URL',
    schema: addressSchema,
    help: 'the app, such as https://func-drill.azurewebsites.net; list, watch, download, abort and containers take the one that runs on this machine without it',
  },
  entra: {
    heading: IN_APP,
    flag: 'entra',
    help: 'log in with Microsoft Entra (Azure CLI, or any other credential of @azure/identity) and not with a function key, which is taken from DRILL_FUNCTION_KEY, or from the Azure CLI',
  },
  entraClient: {
    heading: IN_APP,
    flag: 'entra-client',
    value: 'ID',
    schema: z.guid({ error: 'the client id of an application, a UUID' }),
    help: "with --entra: the application that the app's authentication checks (default: the Azure CLI is asked)",
  },
  patienceSeconds: {
    heading: IN_APP,
    flag: 'patience',
    value: 'SECONDS',
    default: '600',
    schema: numeric(whole(0, 86_400)),
    help: 'how long a lost connection is waited for; the drill goes on meanwhile',
  },
} as const

export const OUT_OPTION = {
  out: {
    heading: RESULTS,
    flag: 'out',
    value: 'DIR',
    default: 'runs',
    schema: z.string().min(1, { error: 'the name of a folder' }),
    help: 'where the folder <drill-id>/ with the results is made',
  },
} as const

export const DRILL_COMMAND = {
  command: PROGRAM,
  about: 'Runs a failover drill, or a campaign of several, under load, and leaves the report in runs/<id>/.',
  options: {
    ...REQUEST_OPTIONS,
    failoverAtSeconds: {
      heading: 'The failover, where no event is given',
      flag: 'failover-at',
      value: 'SECONDS',
      schema: numeric(atSeconds),
      help: `when to fail over, counted from the start of the load (default ${FAILOVER_AT_HERE} on this machine)`,
    },
    failoverMode: {
      heading: 'The failover, where no event is given',
      flag: 'failover-mode',
      value: 'MODE',
      schema: oneOf(['forced', 'planned', 'none']),
      help: 'forced, planned or none (default forced)',
    },
    request: {
      heading: 'Files and campaigns',
      flag: 'request',
      value: 'FILE',
      schema: bodyIn,
      help: 'the request as JSON, as it would be posted; options win over it, field by field',
    },
    repeat: {
      heading: 'Files and campaigns',
      flag: 'repeat',
      value: 'N',
      schema: numeric(whole(1, CAMPAIGN_LIMITS.maxDrills)),
      help: 'a campaign of N drills, one after the other, and the distribution of every figure (default 1, of `campaign` 3)',
    },
    gapSeconds: {
      heading: 'Files and campaigns',
      flag: 'gap',
      value: 'SECONDS',
      schema: numeric(number(0, CAMPAIGN_LIMITS.maxGapMinutes * 60)),
      help: 'between two drills of a campaign (default 5 on this machine, in an app 5 minutes more than its cool-down)',
    },
    campaignCriteria: {
      heading: 'Files and campaigns',
      flag: 'campaign-criteria',
      value: 'TEXT',
      isRepeatable: true,
      schema: listed,
      help: 'objectives over the drills of a campaign instead of the default ones, such as "recovery_time_s[max] <= 60"; repeatable',
    },
    ...OUT_OPTION,
    ...APP_OPTIONS,
    replication: {
      heading: HERE,
      flag: 'replication',
      value: 'KIND',
      default: 'sync',
      schema: oneOf(['sync', 'async']),
      help: 'sync or async: whether a commit waits for the standby',
    },
    replica: {
      heading: HERE,
      flag: 'replica',
      help: 'with a replica in another region; a switchover has one without this',
    },
    scaling: {
      heading: HERE,
      flag: 'scaling',
      value: 'PATH',
      default: 'switch',
      schema: oneOf(['switch', 'in-place']),
      help: 'the path that the local platform takes: switch (near-zero downtime) or in-place',
    },
    withApp: {
      heading: HERE,
      flag: 'with-app',
      help: 'with a small web application on the same database, probed as "checkout" and "checkout-validated": the first has a connection pool that does not validate, which the report shows beside the database',
    },
    holdStandbySeconds: {
      heading: HERE,
      flag: 'hold-standby',
      value: 'SECONDS',
      schema: numeric(number(0.1, 18_000)),
      help: 'demonstrates loss: the standby receives nothing from SECONDS before a forced failover or an external event on (needs --replication async)',
    },
    holdBackSeconds: {
      heading: HERE,
      flag: 'hold-back',
      value: 'SECONDS',
      schema: numeric(number(0.1, 3_600)),
      help: 'demonstrates loss: the replica in the other region receives its WAL SECONDS late, and a forced switchover loses it',
    },
    platformPauseSeconds: {
      heading: HERE,
      flag: 'platform-pause',
      value: 'SECONDS',
      default: '2',
      schema: numeric(number(0, 600)),
      help: 'time between the death of the primary and the promotion: what a real platform needs to notice and to fence',
    },
    weather: {
      heading: HERE,
      flag: 'weather',
      value: 'SEED',
      schema: numeric(whole(0, MAX_SEED)),
      help: 'the local Azure endpoint behaves as users report of Azure (404 after a creation, 409, 429, lost answers, late metrics), by the choices of SEED',
    },
    host: {
      heading: HERE,
      flag: 'host',
      value: 'KIND',
      default: 'local',
      schema: oneOf(['local', 'durable', 'functions']),
      help: "local; durable: the local host on Azure's own Durable extension (needs the .NET SDK 10); or functions: Azure's own Functions host (func must be installed)",
    },
    package: {
      heading: HERE,
      flag: 'package',
      value: 'PATH',
      schema: existing,
      help: 'run this function app instead of the sources: an entry file, a folder or the zip that would be deployed',
    },
    loadgen: {
      heading: HERE,
      flag: 'loadgen',
      value: 'FILE',
      schema: existing,
      help: 'run this load generator instead of the sources: its entry file',
    },
    keep: {
      heading: HERE,
      flag: 'keep',
      help: "keep the servers' data and logs after the end (the processes are stopped)",
    },
  },
} as const
