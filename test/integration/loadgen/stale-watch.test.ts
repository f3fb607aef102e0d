/** The stale-primary watch on real servers: its session stays with a primary that another server was promoted beside. */
import { expect, test } from 'vitest'
import { staleWatchOf } from '../../../functions/stale-primary/sessions.ts'
import { stalePrimaryOf } from '../../../functions/stale-primary/stale-event.ts'
import { TcpProxy } from '../../../infra/local/cluster/servers/tcp-proxy.ts'
import { holdFreePort } from '../../../infra/local/process/ports.ts'
import { oneServer, type ServerTarget } from '../../../loadgen-image/connection/target.ts'
import { decodeProbeRecords, encodeProbeRecord, type ProbeRecord } from '../../../loadgen-image/contract/step-probe.ts'
import { StepProbe } from '../../../loadgen-image/probe/step-probe.ts'
import { eventually } from '../../support/eventually.ts'
import { withSql } from '../../support/sql.ts'
import { DATABASE, PASSWORD } from '../../support/with-stack.ts'
import { withDatabase } from './database.ts'

const nowUs = () => Math.round((performance.timeOrigin + performance.now()) * 1000)

interface WatchedRow {
  readonly session: number
  readonly seq: number
  readonly timeline: number
}

const targetAt = (port: number): ServerTarget =>
  oneServer({ host: '127.0.0.1', port, database: DATABASE, user: DATABASE, password: PASSWORD })

const rowsAt = (port: number): Promise<WatchedRow[]> =>
  withSql(targetAt(port), async (client) => {
    const sql = `SELECT session, seq, timeline FROM drill_watch WHERE drill_id = 'watch' ORDER BY session, seq`
    return (await client.query<WatchedRow>(sql)).rows
  })

test(
  'a session stays with the old primary and writes on its timeline, ends with it, and the next one is the new primary\u2019s',
  {
    timeout: 60_000,
  },
  () =>
    withDatabase(async ({ pair, bench }) => {
      const proxy = new TcpProxy(await holdFreePort(bench.folder))
      await proxy.open(pair.primary.port)
      const direct = targetAt(proxy.port)
      const records: ProbeRecord[] = []
      const onRecord = (record: ProbeRecord) => records.push(record)
      const probe = new StepProbe({
        ...{ drillId: 'watch', container: 3, incarnation: 'one', direct, pgbouncer: direct, nowUs },
        onRecord,
      })
      await probe.prepare()
      probe.start(nowUs() / 1000)
      const old = pair.primary
      await eventually('the watch writes', 5_000, async () => (await rowsAt(old.port)).length >= 2, 50)
      const beginUs = nowUs()
      await pair.splitBrain()
      proxy.moveTo(pair.primary.port)
      const t2Us = nowUs()
      const before = (await rowsAt(old.port)).length
      await eventually(
        'the old primary takes writes',
        5_000,
        async () => (await rowsAt(old.port)).length >= before + 3,
        50,
      )
      const onOld = await rowsAt(old.port)
      await old.kill()
      const onNew = async () => (await rowsAt(pair.primary.port)).filter(({ timeline }) => timeline === 2)
      await eventually('the next session writes', 8_000, async () => (await onNew()).length >= 2, 50)
      const stored = await rowsAt(pair.primary.port)
      probe.stop()
      await eventually('every socket of the probe is closed', 3_000, () => Promise.resolve(probe.openSockets === 0))
      await proxy.close()

      const blob = Buffer.concat(records.map(encodeProbeRecord))
      const watch = staleWatchOf([...decodeProbeRecords(blob)], [])
      expect(watch.sessions).toMatchObject([
        {
          container: 3,
          session: 1,
          opened: { timeline: 1 },
          end: { code: expect.stringMatching(/^(ECONNRESET|connection-closed)$/) },
        },
        { container: 3, session: 2, opened: { timeline: 2 }, end: null },
      ])
      const audited = stored.map(({ session, seq }) => ({ container: 3, session, firstSeq: seq, lastSeq: seq }))
      const promotion = { beginUs, t2Us, oldTimeline: 1, newTimeline: 2, boundUs: () => 1_000 }
      const found = stalePrimaryOf(watch, promotion, audited)
      expect(found).toMatchObject({ state: 'split brain', sessions: 1, absent: found.writes })
      // The old primary itself holds each of them, and nothing that it took after T2 is left out, but a write as it died.
      const claimed = found.rows.map(({ session, seq, timeline }) => ({ session, seq, timeline }))
      expect(onOld.slice(-3)).toEqual(claimed.slice(0, 3))
      expect(claimed.length).toBeLessThanOrEqual(onOld.length - before + 2)
      expect(onOld.every(({ session, timeline }) => session === 1 && timeline === 1)).toBe(true)
    }),
)
