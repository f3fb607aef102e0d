/** Every activity by its name. Clients come in from outside: Azure, the local stack and the tests all stand behind them. */
import type { Clients } from '../clients/clients.ts'
import type { Renderer } from '../render/formats.ts'
import { factActivities } from './check.ts'
import { evidenceActivities } from './collect.ts'
import { failoverActivities } from './fail-over.ts'
import { notifyActivities } from './notify.ts'
import { oldRowActivities } from './old-rows.ts'
import { containerActivities } from './provision.ts'
import { mergedLoads } from './records/merged-load.ts'
import { reservationActivities } from './reserve.ts'
import type { ActivitySettings } from './settings.ts'
import { barrierActivities } from './start-load.ts'
import { sweepActivities } from './sweep.ts'
import { observeActivities } from './watch.ts'
import { reportActivities } from './write-report.ts'

export function createActivities(clients: Clients, settings: ActivitySettings, renderers?: readonly Renderer[]) {
  const loads = mergedLoads(clients.blobs)
  return {
    ...reservationActivities(clients),
    ...factActivities(clients),
    ...containerActivities(clients, settings),
    ...barrierActivities(clients, settings),
    ...observeActivities(clients),
    ...failoverActivities(clients, settings),
    ...evidenceActivities(clients, loads),
    ...reportActivities(clients, settings, loads, renderers),
    ...oldRowActivities(clients, settings),
    ...notifyActivities(clients),
    ...sweepActivities(clients),
  }
}
