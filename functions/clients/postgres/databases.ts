/** The databases of all targets as one client: each call goes to the server that it names, with that server's login, host and ports. */
import { type TargetConfig, targetConfigOf } from '../../config/config.ts'
import type { Target } from '../../model/plan.ts'
import type { Clock, Database } from '../clients.ts'
import type { Credentials } from './connection.ts'
import { createDatabase } from './database.ts'

export function createDatabases(targets: readonly TargetConfig[], credentials: Credentials, clock: Clock): Database {
  const databases = new Map(targets.map((one) => [one, createDatabase(one.postgres, credentials, clock)]))
  const of = (target: Target) => databases.get(targetConfigOf(targets, target)) as Database
  return {
    session: async (target, via) => of(target).session(target, via),
    loadSession: async (target, via) => of(target).loadSession(target, via),
    walPosition: async (target) => of(target).walPosition(target),
    schema: async (target, ways) => of(target).schema(target, ways),
    migrate: async (target) => of(target).migrate(target),
    storedRuns: (target, drillId) => of(target).storedRuns(target, drillId),
    storedWatchRuns: async (target, drillId) => of(target).storedWatchRuns(target, drillId),
    storedDrills: async (target, withinMs) => of(target).storedDrills(target, withinMs),
    diskUse: async (target) => of(target).diskUse(target),
    deleteRows: async (target, drillId, withinMs) => of(target).deleteRows(target, drillId, withinMs),
    loadConnectionString: (target) => of(target).loadConnectionString(target),
    loadTokenScope: (target) => of(target).loadTokenScope(target),
    directPort: (target) => of(target).directPort(target),
    host: (target) => of(target).host(target),
  }
}
