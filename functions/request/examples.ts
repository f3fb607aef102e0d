/** One request for each kind of event, as the API's description shows them. */
import type { PlannedKind } from '../model/planned-event.ts'

export interface RequestExample {
  readonly summary: string
  readonly value: Readonly<Record<string, unknown>>
}

export const REQUEST_EXAMPLES: Readonly<Record<PlannedKind, RequestExample>> = {
  failover: {
    summary: 'A planned failover, judged by objectives of your own',
    value: {
      events: [{ atSeconds: 120, kind: 'failover', mode: 'planned' }],
      criteria: ['recovery_time_s <= 60', 'lost_commits == 0'],
    },
  },
  restart: {
    summary: 'A forced failover, and a restart of the same server after the cool-down',
    value: {
      durationSeconds: 1_500,
      events: [
        { atSeconds: 120, kind: 'failover', mode: 'forced' },
        { atSeconds: 1_380, kind: 'restart' },
      ],
      criteria: ['recovery_time_s[failover] <= 60', 'recovery_time_s[restart] <= 120'],
    },
  },
  scale: {
    summary: 'Another size, and back at the end of the drill',
    value: {
      durationSeconds: 900,
      events: [{ atSeconds: 120, kind: 'scale', sku: 'Standard_D8ds_v5' }],
      criteria: ['recovery_time_s <= 30', 'lost_commits == 0'],
    },
  },
  switchover: {
    summary: 'A read replica in another region becomes the primary, and the old primary again at the end',
    value: {
      durationSeconds: 900,
      events: [{ atSeconds: 120, kind: 'switchover', mode: 'planned', replica: 'pg-orders-west', returnHome: true }],
      criteria: ['recovery_time_s <= 120', 'lost_commits == 0'],
    },
  },
  external: {
    summary: 'One hour of load in which others act, such as a zone-down drill or maintenance',
    value: {
      durationSeconds: 3_600,
      events: [{ atSeconds: 120, kind: 'external' }],
      criteria: ['recovery_time_s <= 120', 'lost_commits == 0'],
    },
  },
}
