/** Memory must not depend on the length of the run: RSS after one and after ten simulated hours. */
import { nodeJson } from './load-child.ts'
import { atMost, type BenchResult, information } from './spread.ts'

const HOURS = 10

interface Memory {
  readonly rssMb: readonly number[]
  readonly chunkMb: number
  readonly arrivals: number
}

export async function benchMemory(): Promise<BenchResult> {
  const memory = await nodeJson<Memory>('memory-process.ts', [String(HOURS)], ['--expose-gc'])
  const first = memory.rssMb[0] as number
  const last = memory.rssMb.at(-1) as number
  const growthPercent = 100 * (last / first - 1)
  return {
    lines: [
      atMost('growth of RSS from hour 1 to hour 10 in %', growthPercent, 5, growthPercent.toFixed(1)),
      information('RSS', `${first.toFixed(0)} MB after 1 h, ${last.toFixed(0)} MB after ${HOURS} h`),
      information('arrivals', `${(memory.arrivals / 1e6).toFixed(0)} million`),
    ],
    figures: { ...memory, growthPercent },
  }
}
