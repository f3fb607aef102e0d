/** Every activity by its name. Clients come in from outside: Azure, the local stack and the tests all stand behind them. */
import type { Clients } from '../clients/clients.ts'
import type { Renderer } from '../report/formats.ts'
import { barrierActivities } from './barrier.ts'
import { containerActivities } from './container-groups.ts'
import { evidenceActivities } from './evidence.ts'
import { factActivities } from './facts.ts'
import { failoverActivities } from './failover.ts'
import { mergedLoads } from './merged-load.ts'
import { notifyActivities } from './notify.ts'
import { observeActivities } from './observe.ts'
import { oldRowActivities } from './old-rows.ts'
import { reportActivities } from './report.ts'
import { reservationActivities } from './reservation.ts'
import type { ActivitySettings } from './settings.ts'
import { sweepActivities } from './sweep.ts'

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
