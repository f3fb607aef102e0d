/** The table of contents: every trigger, orchestrator and activity of the app, one line each. Importing another file registers nothing. */
import { inspect } from 'node:util'
import { app, type HttpMethod, type HttpRequest, type HttpResponseInit } from '@azure/functions'
import * as df from 'durable-functions'
import { withoutSecrets } from '../loadgen-image/contract/redact.ts'
import { createActivities } from './activities/activities.ts'
import { activitySettings } from './activities/settings.ts'
import { readConfig } from './config/config.ts'
import { connect } from './connect.ts'
import { serveOpenApi } from './openapi/openapi.ts'
import { campaign } from './orchestrators/campaign.ts'
import { drill } from './orchestrators/drill.ts'
import { watch } from './orchestrators/watch.ts'
import { campaignsApi } from './triggers/campaigns/campaigns-api.ts'
import { containersApi } from './triggers/containers/containers-api.ts'
import { dailyDrill } from './triggers/daily-drill.ts'
import { dailyApi, dashboardApi } from './triggers/dashboard-api.ts'
import { closeDeadDrills } from './triggers/dead-drills.ts'
import { defaultsApi } from './triggers/defaults/defaults-api.ts'
import { drillsApi } from './triggers/drills-api.ts'
import { compareApi } from './triggers/history/compare.ts'
import { historyApi } from './triggers/history/list.ts'
import { purgeHistory, removeExpired } from './triggers/history/retention.ts'
import { reportsApi } from './triggers/reports-api.ts'
import { guarded } from './triggers/responses.ts'
import { ROUTES, type RouteName } from './triggers/routes.ts'
import { sweeper } from './triggers/sweeper.ts'

const config = readConfig(process.env)
const clients = connect(config)
const activities = createActivities(clients, activitySettings(config))
const defaults = config.requests
/** Events take seconds on the local stack, which has a token of its own. */
const pace = config.azure.localToken === null ? 'azure' : 'local'
const { retentionDays } = config.drill
const drills = drillsApi(clients, { defaults })
const history = historyApi(clients, { retentionDays })
const campaigns = campaignsApi(clients, { defaults, retentionDays })
const containers = containersApi(clients, { prices: config.prices })
const reports = reportsApi(clients)
const dashboard = dashboardApi(config.api.auth)
const log = {
  error: (message: string, error: unknown): void => console.error(message, withoutSecrets(inspect(error))),
  note: (message: string): void => console.log(withoutSecrets(message)),
}

/** How a route is served: by the table of routes, and behind the gate. */
function served<A extends readonly unknown[]>(
  name: RouteName,
  handler: (request: HttpRequest, ...more: A) => Promise<HttpResponseInit>,
) {
  const { method, route, needs } = ROUTES[name]
  const isByKey = config.api.auth === 'keys' && needs !== null
  return {
    route,
    // The platform routes HEAD only where it is named, and leaves out the body itself.
    methods: (method === 'GET' ? ['GET', 'HEAD'] : [method]) as HttpMethod[],
    authLevel: isByKey ? ('function' as const) : ('anonymous' as const),
    handler: guarded(handler, { gate: config.api, needs, log }),
  }
}

df.app.client.http('startDrill', served('startDrill', drills.start))
df.app.client.http('listDrills', served('listDrills', history.list))
df.app.client.http('readDrill', served('readDrill', drills.read))
df.app.client.http('abortDrill', served('abortDrill', drills.abort))
df.app.client.http('readReport', served('readReport', reports.report))
app.http('readFile', served('readFile', reports.file))
app.http('readEvidence', served('readEvidence', reports.evidence))
app.http('compareDrills', served('compareDrills', compareApi(clients).compare))
df.app.client.http('startCampaign', served('startCampaign', campaigns.start))
df.app.client.http('listCampaigns', served('listCampaigns', campaigns.list))
df.app.client.http('readCampaign', served('readCampaign', campaigns.read))
df.app.client.http('abortCampaign', served('abortCampaign', campaigns.abort))
df.app.client.http('listContainers', served('listContainers', containers.list))
df.app.client.http('deleteContainers', served('deleteContainers', containers.remove))
app.http('readDefaults', served('readDefaults', defaultsApi(clients, { defaults, pace }).read))
app.http('readDaily', served('readDaily', dailyApi(clients, defaults).read))
app.http('dashboard', served('dashboard', dashboard.page))
app.http('dashboardAsset', served('dashboardAsset', dashboard.asset))
app.http('openApi', served('openApi', serveOpenApi(config.api.auth)))

df.app.orchestration('drill', drill)
df.app.orchestration('watch', watch)
df.app.orchestration('campaign', campaign)
for (const [name, handler] of Object.entries(activities))
  df.app.activity(name, { handler: handler as df.ActivityHandler })

for (const { name, daily } of config.targets)
  if (daily.schedule !== null)
    df.app.client.timer(config.targets.length === 1 ? 'dailyDrill' : `dailyDrill-${name}`, {
      schedule: daily.schedule,
      handler: dailyDrill(clients, { name, ...daily, defaults }),
    })
df.app.client.timer('sweeper', {
  schedule: '0 */15 * * * *',
  handler: sweeper({
    sweep: activities.sweep,
    stopStartedServers: activities.stopStartedServers,
    finishUndo: activities.finishUndo,
    closeDeadDrills: (client) => closeDeadDrills(clients, client, activities.notify),
    removeExpired: async (client) => [
      ...(await removeExpired(clients, client, retentionDays)),
      ...(await purgeHistory(clients, client)),
    ],
  }),
})
