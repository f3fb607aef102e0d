/** The table of contents: every trigger, orchestrator and activity of the app, one line each. Importing another file registers nothing. */
import { inspect } from 'node:util'
import { app } from '@azure/functions'
import * as df from 'durable-functions'
import { withoutSecrets } from '../loadgen-image/contract/redact.ts'
import { createActivities } from './activities/activities.ts'
import { activitySettings } from './activities/settings.ts'
import { readConfig } from './config/config.ts'
import { connect } from './connect.ts'
import { drill } from './orchestrators/drill.ts'
import { watch } from './orchestrators/watch.ts'
import { dailyDrill } from './triggers/daily-drill.ts'
import { dailyApi, dashboardApi } from './triggers/dashboard-api.ts'
import { closeDeadDrills } from './triggers/dead-drills.ts'
import { drillsApi } from './triggers/drills-api.ts'
import { serveOpenApi } from './triggers/openapi.ts'
import { reportsApi } from './triggers/reports-api.ts'
import { guarded } from './triggers/responses.ts'
import { sweeper } from './triggers/sweeper.ts'

const config = readConfig(process.env)
const clients = connect(config)
const activities = createActivities(clients, activitySettings(config))
const defaults = { target: config.postgres.target, cooldownMinutes: config.drill.cooldownMinutes }
const drills = drillsApi(clients, { defaults })
const reports = reportsApi(clients)
const log = (message: string, error: unknown): void => console.error(message, withoutSecrets(inspect(error)))
const key = { authLevel: 'function' } as const
const open = { authLevel: 'anonymous' } as const

df.app.client.http('startDrill', { route: 'drills', methods: ['POST'], ...key, handler: guarded(drills.start, log) })
df.app.client.http('listDrills', { route: 'drills', methods: ['GET'], ...key, handler: guarded(drills.list, log) })
df.app.client.http('readDrill', { route: 'drills/{id}', methods: ['GET'], ...key, handler: guarded(drills.read, log) })
df.app.client.http('abortDrill', {
  route: 'drills/{id}',
  methods: ['DELETE'],
  ...key,
  handler: guarded(drills.abort, log),
})
df.app.client.http('readReport', {
  route: 'drills/{id}/report',
  methods: ['GET'],
  ...key,
  handler: guarded(reports.report, log),
})
app.http('readFile', {
  route: 'drills/{id}/files/{name}',
  methods: ['GET'],
  ...key,
  handler: guarded(reports.file, log),
})
app.http('compareDrills', { route: 'drills/compare', methods: ['GET'], ...key, handler: guarded(reports.compare, log) })
app.http('readDaily', { route: 'daily', methods: ['GET'], ...key, handler: guarded(dailyApi(clients).read, log) })
app.http('dashboard', { route: 'dashboard', methods: ['GET'], ...open, handler: guarded(dashboardApi.page, log) })
app.http('dashboardAsset', {
  route: 'dashboard/{asset}',
  methods: ['GET'],
  ...open,
  handler: guarded(dashboardApi.asset, log),
})
app.http('openApi', { route: 'openapi.json', methods: ['GET'], ...open, handler: guarded(serveOpenApi, log) })

df.app.orchestration('drill', drill)
df.app.orchestration('watch', watch)
for (const [name, handler] of Object.entries(activities))
  df.app.activity(name, { handler: handler as df.ActivityHandler })

if (config.daily.schedule !== null)
  df.app.client.timer('dailyDrill', {
    schedule: config.daily.schedule,
    handler: dailyDrill(clients, { request: config.daily.request, defaults }),
  })
df.app.client.timer('sweeper', {
  schedule: '0 */15 * * * *',
  handler: sweeper({
    sweep: activities.sweep,
    stopStartedServers: activities.stopStartedServers,
    closeDeadDrills: (client) => closeDeadDrills(clients, client, activities.notify),
  }),
})
