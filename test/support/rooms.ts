/** The rooms of the house: every folder of source, and which folders it imports. `test/layers.test.ts` holds them. */

/**
 * One row per folder, lowest first: a folder imports only folders of earlier rows, and exactly those of its own row.
 * So no arrow points up, folders form no circle, and a permission that is no longer used is removed.
 */
const ROWS: Readonly<Record<string, string>> = {
  'loadgen-image/contract/clients': '',
  'loadgen-image/contract': 'loadgen-image/contract/clients',
  'loadgen-image/connection': 'loadgen-image/contract',
  'loadgen-image/identity': 'loadgen-image/contract',
  'loadgen-image/schedule': 'loadgen-image/contract',
  'loadgen-image/record': 'loadgen-image/connection loadgen-image/contract loadgen-image/schedule',
  'loadgen-image/send':
    'loadgen-image/connection loadgen-image/contract loadgen-image/contract/clients loadgen-image/identity loadgen-image/record loadgen-image/schedule',
  'loadgen-image/run':
    'loadgen-image/connection loadgen-image/contract loadgen-image/identity loadgen-image/record loadgen-image/schedule loadgen-image/send',
  'loadgen-image/probe': 'loadgen-image/connection loadgen-image/contract loadgen-image/record loadgen-image/send',
  'loadgen-image/output': 'loadgen-image/contract loadgen-image/identity',
  'loadgen-image':
    'loadgen-image/connection loadgen-image/contract loadgen-image/identity loadgen-image/output loadgen-image/probe loadgen-image/run loadgen-image/schedule',
  'functions/units': '',
  'functions/platform': '',
  'functions/model/early-end': '',
  'functions/model/comparisons': '',
  'functions/model/probes': '',
  'functions/model/report': '',
  'functions/model':
    'functions/model/comparisons functions/model/early-end functions/model/probes functions/model/report loadgen-image/contract loadgen-image/contract/clients',
  'functions/model/campaign': 'functions/model functions/model/early-end functions/model/report',
  'functions/model/history': 'functions/model functions/model/early-end',
  'functions/model/files': 'functions/model functions/model/early-end functions/model/report',
  'functions/event-kinds': 'functions/model functions/units',
  'functions/merge': 'functions/units loadgen-image/contract',
  'functions/stale-primary':
    'functions/merge functions/model functions/model/probes functions/units loadgen-image/contract',
  'functions/reachability': 'functions/merge functions/model loadgen-image/contract',
  'functions/measurement': 'functions/merge functions/model functions/units loadgen-image/contract',
  'functions/analysis':
    'functions/event-kinds functions/measurement functions/merge functions/model functions/reachability functions/stale-primary functions/units loadgen-image/contract loadgen-image/contract/clients',
  'functions/event-figures': 'functions/event-kinds functions/model functions/model/probes functions/units',
  'functions/criteria':
    'functions/event-figures functions/event-kinds functions/model functions/units loadgen-image/contract',
  'functions/criteria/campaign':
    'functions/criteria functions/event-figures functions/model functions/units loadgen-image/contract',
  'functions/live': 'functions/event-kinds functions/model functions/reachability loadgen-image/contract',
  'functions/checklist':
    'functions/criteria functions/event-kinds functions/model functions/units loadgen-image/contract/clients',
  'functions/request':
    'functions/checklist functions/criteria functions/criteria/campaign functions/event-kinds functions/live functions/model functions/model/campaign functions/platform loadgen-image/contract',
  'functions/report-model/replay': 'functions/analysis functions/model functions/model/comparisons functions/units',
  'functions/report-model/early-end': 'functions/checklist functions/model functions/model/early-end functions/units',
  'functions/report-model/cohorts':
    'functions/analysis functions/merge functions/model functions/model/comparisons functions/units loadgen-image/contract loadgen-image/contract/clients',
  'functions/report-model':
    'functions/analysis functions/criteria functions/event-figures functions/event-kinds functions/measurement functions/merge functions/model functions/model/early-end functions/model/probes functions/reachability functions/report-model/cohorts functions/report-model/early-end functions/report-model/replay functions/stale-primary functions/units loadgen-image/contract',
  'functions/report-model/campaign':
    'functions/checklist functions/criteria functions/criteria/campaign functions/event-kinds functions/model functions/model/campaign functions/model/early-end functions/units',
  'functions/render/text': 'functions/model functions/model/comparisons functions/units',
  'functions/render/charts/drawing': 'functions/model functions/render/text',
  'functions/render/charts/panels':
    'functions/model functions/render/charts/drawing functions/render/text functions/units',
  'functions/render/charts':
    'functions/model functions/model/history functions/render/charts/drawing functions/render/charts/panels functions/render/text functions/units',
  'functions/render/html/elements':
    'functions/event-figures functions/model functions/model/early-end functions/render/charts/drawing functions/render/text functions/units',
  'functions/render/html/sections':
    'functions/criteria functions/event-figures functions/model functions/model/comparisons functions/model/early-end functions/render/charts functions/render/charts/drawing functions/render/charts/panels functions/render/html/elements functions/render/text functions/units',
  'functions/render/html': 'functions/render/html/elements functions/render/html/sections functions/render/text',
  'functions/render/campaign':
    'functions/criteria functions/model functions/model/campaign functions/render/html functions/render/html/elements functions/render/html/sections functions/render/text functions/units',
  'functions/render/junit':
    'functions/criteria functions/model functions/model/campaign functions/model/early-end functions/render/text',
  'functions/render':
    'functions/criteria functions/event-figures functions/event-kinds functions/model functions/model/campaign functions/model/early-end functions/model/files functions/render/html functions/render/junit functions/render/text functions/units loadgen-image/contract',
  'functions/access': '',
  'functions/config':
    'functions/access functions/model functions/platform functions/request loadgen-image/connection loadgen-image/contract',
  'functions/clients': 'functions/config functions/model functions/model/history',
  'functions/archive': 'functions/clients functions/model functions/model/files loadgen-image/contract',
  'functions/clients/azure': 'functions/clients functions/model functions/platform loadgen-image/contract',
  'functions/clients/postgres/rows': 'functions/clients functions/model',
  'functions/clients/postgres':
    'functions/checklist functions/clients functions/clients/postgres/rows functions/config functions/model loadgen-image/connection loadgen-image/contract',
  'functions/clients/storage':
    'functions/clients functions/clients/azure functions/config functions/event-kinds functions/model functions/model/campaign functions/model/history',
  'functions/activities/records':
    'functions/archive functions/clients functions/live functions/merge functions/model functions/model/files functions/platform functions/render functions/render/text functions/units loadgen-image/contract',
  'functions/activities/events':
    'functions/activities/records functions/clients functions/clients/azure functions/clients/storage functions/event-kinds functions/live functions/model functions/platform functions/units loadgen-image/contract',
  'functions/activities/upkeep':
    'functions/activities/events functions/activities/records functions/clients functions/clients/storage functions/model functions/model/history functions/model/files functions/platform functions/render functions/units loadgen-image/contract',
  'functions/activities/campaign':
    'functions/checklist functions/clients functions/clients/storage functions/model functions/model/campaign functions/model/history functions/render functions/render/campaign functions/render/junit functions/report-model/campaign loadgen-image/contract',
  'functions/activities/facts':
    'functions/activities/events functions/activities/upkeep functions/clients functions/clients/postgres functions/clients/storage functions/event-kinds functions/model functions/platform loadgen-image/contract',
  'functions/activities':
    'functions/activities/campaign functions/activities/events functions/activities/facts functions/activities/records functions/activities/upkeep functions/analysis functions/archive functions/checklist functions/clients functions/clients/azure functions/clients/storage functions/config functions/event-kinds functions/live functions/model functions/model/campaign functions/model/early-end functions/model/files functions/platform functions/render functions/render/text functions/report-model functions/units loadgen-image/contract',
  'functions/orchestrators':
    'functions/activities functions/activities/campaign functions/analysis functions/event-kinds functions/model functions/model/campaign functions/model/early-end',
  'functions/web':
    'functions/checklist functions/model functions/render/campaign functions/render/html functions/render/text functions/request functions/units',
  'functions/web/browser/page':
    'functions/model functions/model/campaign functions/model/history functions/render/charts/drawing functions/render/text functions/request functions/units',
  'functions/web/browser/views/start':
    'functions/render/text functions/request functions/units functions/web/browser/page',
  'functions/web/browser/views':
    'functions/event-figures functions/event-kinds functions/model functions/model/campaign functions/model/early-end functions/model/history functions/render/campaign functions/render/charts functions/render/html/elements functions/render/html/sections functions/render/text functions/units functions/web functions/web/browser/page',
  'functions/web/browser': 'functions/web/browser/page functions/web/browser/views functions/web/browser/views/start',
  'functions/triggers':
    'functions/access functions/archive functions/clients functions/clients/storage functions/live functions/model functions/model/early-end functions/model/history functions/platform functions/render functions/render/html functions/render/html/elements functions/request functions/units functions/web loadgen-image/contract',
  'functions/triggers/history':
    'functions/clients functions/clients/storage functions/model functions/model/campaign functions/model/early-end functions/model/history functions/platform functions/render functions/render/charts/drawing functions/report-model functions/request functions/triggers functions/units loadgen-image/contract',
  'functions/triggers/campaigns':
    'functions/clients functions/clients/storage functions/model/campaign functions/model/history functions/request functions/triggers functions/units loadgen-image/contract',
  'functions/triggers/containers':
    'functions/activities/records functions/activities/upkeep functions/clients functions/model functions/platform functions/report-model functions/triggers functions/units loadgen-image/contract',
  'functions/triggers/defaults':
    'functions/activities/facts functions/clients functions/clients/storage functions/model functions/request functions/triggers loadgen-image/contract',
  'functions/openapi/answers':
    'functions/model functions/model/campaign functions/model/early-end functions/model/history functions/model/report functions/request functions/triggers/containers',
  'functions/openapi':
    'functions/access functions/model/early-end functions/model/history functions/openapi/answers functions/request functions/triggers loadgen-image/contract',
  functions:
    'functions/activities functions/clients functions/clients/azure functions/clients/postgres functions/clients/storage functions/config functions/openapi functions/orchestrators functions/triggers functions/triggers/campaigns functions/triggers/containers functions/triggers/defaults functions/triggers/history loadgen-image/contract',
  'infra/local/process': 'loadgen-image/contract loadgen-image/output',
  'infra/local/packages': 'infra/local/process',
  'infra/azure': 'functions/clients/postgres functions/config functions/web infra/local/process loadgen-image/output',
  'infra/local/http': 'loadgen-image/contract',
  'infra/local/cluster/servers': 'infra/local/process loadgen-image/connection loadgen-image/output',
  'infra/local/cluster': 'infra/local/cluster/servers infra/local/process loadgen-image',
  'infra/local/example-app': '',
  'infra/local/azure/arm':
    'infra/local/cluster infra/local/cluster/servers loadgen-image/contract loadgen-image/schedule',
  'infra/local/azure': 'infra/local/azure/arm infra/local/cluster infra/local/cluster/servers',
  'infra/local/functions-host/engine': '',
  'infra/local/functions-host/state': 'infra/local/functions-host/engine',
  'infra/local/functions-host/timers':
    'functions/platform infra/local/functions-host/engine infra/local/functions-host/state',
  'infra/local/functions-host/worker': 'infra/local/functions-host/engine infra/local/functions-host/timers',
  'infra/local/functions-host/http': 'infra/local/functions-host/worker',
  'infra/local/functions-host/durable':
    'infra/local/functions-host/engine infra/local/functions-host/http infra/local/functions-host/state',
  'infra/local/functions-host/durable-extension':
    'infra/local/functions-host/http infra/local/functions-host/worker infra/local/process',
  'infra/local/functions-host':
    'infra/local/functions-host/durable infra/local/functions-host/durable-extension infra/local/functions-host/engine infra/local/functions-host/http infra/local/functions-host/timers infra/local/functions-host/worker infra/local/process loadgen-image/contract',
  'infra/local/stack':
    'functions/clients/postgres infra/local/azure infra/local/azure/arm infra/local/cluster infra/local/cluster/servers infra/local/functions-host/durable-extension infra/local/functions-host/worker infra/local/process',
  'infra/local/cli':
    'functions/archive functions/checklist functions/criteria functions/event-figures functions/model functions/model/campaign functions/model/early-end functions/render/campaign functions/render/junit functions/request functions/units infra/local/azure/arm infra/local/http infra/local/process loadgen-image/contract loadgen-image/output',
  'infra/local/evidence':
    'functions/activities functions/clients functions/criteria functions/model functions/model/files functions/render functions/render/html/elements functions/render/text infra/local/process loadgen-image/contract',
  'infra/azure/release/decisions': 'functions/platform infra/local/process',
  'infra/azure/release':
    'infra/azure infra/azure/release/decisions infra/local/cli infra/local/http infra/local/process loadgen-image/contract',
  'infra/local':
    'functions/checklist functions/model functions/platform functions/render functions/render/text functions/request infra/local/azure/arm infra/local/cli infra/local/evidence infra/local/functions-host/durable-extension infra/local/packages infra/local/process infra/local/stack loadgen-image/contract',
  'infra/command':
    'functions/checklist functions/model functions/model/early-end functions/platform functions/triggers/containers infra/azure/release infra/azure/release/decisions infra/local infra/local/cli infra/local/http infra/local/process infra/local/stack loadgen-image/contract loadgen-image/output',
}

export const ROOMS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(ROWS).map(([room, below]) => [room, below.split(' ').filter((name) => name !== '')]),
)

/** No SDK, no clock, no files, no environment. */
export const PURE: readonly string[] = [
  'functions/units',
  'functions/platform',
  'functions/model',
  'functions/stale-primary',
  'functions/merge',
  'functions/measurement',
  'functions/reachability',
  'functions/analysis',
  'functions/event-figures',
  'functions/criteria',
  'functions/live',
  'functions/checklist',
  'functions/request',
  'functions/access',
  'functions/report-model',
  'functions/render',
  'infra/azure/release/decisions',
]
