/** The CPU of this process with the step probe and without it, in turns of so many seconds: settings come in as JSON, figures go out. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import { encodeProbeRecord } from '../../loadgen-image/contract/step-probe.ts'
import { limitHeapGrowth } from '../../loadgen-image/heap.ts'
import { StepProbe } from '../../loadgen-image/probe/step-probe.ts'

export interface ProbeCost {
  /** In percent of a core, pair by pair. */
  readonly on: readonly number[]
  readonly off: readonly number[]
  /** Per second, over all turns. */
  readonly writesPerSecond: number
  readonly attemptsPerSecond: number
}

interface Settings {
  readonly direct: ServerTarget
  readonly pgbouncer: ServerTarget
  readonly pairs: number
  readonly seconds: number
}

const WARM_UP_MS = 2_000

if (process.argv[2] !== undefined) {
  limitHeapGrowth()
  process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2]) as Settings)))
}

async function measure({ direct, pgbouncer, pairs, seconds }: Settings): Promise<ProbeCost> {
  const [on, off]: [number[], number[]] = [[], []]
  let [writes, attempts] = [0, 0]
  for (let i = 0; i < pairs; i++) {
    const probe = new StepProbe({
      ...{ drillId: 'bench', container: 0, incarnation: `i${i}`, direct, pgbouncer },
      nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
      onRecord: (record) => {
        writes += record.steady.reduce((sum, one) => sum + one.writes, 0)
        attempts += record.attempts.length
        encodeProbeRecord(record)
      },
    })
    await probe.prepare()
    probe.start(performance.timeOrigin + performance.now())
    await sleep(WARM_UP_MS)
    on.push(await coreDuring(seconds))
    probe.stop()
    await sleep(WARM_UP_MS)
    if (probe.openSockets > 0) throw new Error(`the probe left ${probe.openSockets} sockets open`)
    off.push(await coreDuring(seconds))
  }
  const probed = pairs * (seconds + WARM_UP_MS / 1000)
  return { on, off, writesPerSecond: writes / probed, attemptsPerSecond: attempts / probed }
}

async function coreDuring(seconds: number): Promise<number> {
  const [before, fromMs] = [process.cpuUsage(), performance.now()]
  await sleep(seconds * 1000)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / 1000 / (performance.now() - fromMs)) * 100
}
