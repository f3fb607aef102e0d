/**
 * 16 containers over 5 h: from the chunks to a finished report with all its files, in a process of its own. Bundled, as the app is
 * deployed: Node's compiler of TypeScript alone takes more memory than the merge keeps.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../infra/azure/bundle.ts'
import { nodeJson } from './load-child.ts'
import { atMost, type BenchResult, information } from './spread.ts'

const PROGRAM = 'test/bench/merge-process.ts'
const SIZE = { containers: 16, seconds: 5 * 3600, tps: 8000, workers: 200 }

interface Merged {
  readonly records: number
  readonly seconds: number
  readonly readSeconds: number
  readonly peakMb: number
  readonly chunkMb: number
  readonly files: Readonly<Record<string, number>>
  readonly recoverySeconds: number | null
  readonly acknowledged: number
}

export async function benchMerge(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'drill-merge-'))
  const bundled = mkdtempSync(join(tmpdir(), 'drill-merge-'))
  try {
    const args = [folder, ...Object.values(SIZE).map(String)]
    await nodeJson('chunks-process.ts', args)
    await bundle({ entries: { merge: PROGRAM }, folder: bundled, extension: '.mjs', external: [] })
    return resultOf(await nodeJson<Merged>(join(bundled, 'merge.mjs'), args))
  } finally {
    for (const made of [folder, bundled]) rmSync(made, { recursive: true })
  }
}

function resultOf(merged: Merged): BenchResult {
  const htmlMb = (merged.files['report.html'] ?? 0) / (1024 * 1024)
  return {
    lines: [
      atMost('seconds to a finished report', merged.seconds, 60, merged.seconds.toFixed(1)),
      atMost('peak memory in MB', merged.peakMb, 512, merged.peakMb.toFixed(0)),
      atMost('report.html in MB', htmlMb, 3, htmlMb.toFixed(2)),
      information('chunks', `${merged.chunkMb.toFixed(0)} MB, ${merged.records} records`),
      information('commits in the report', String(merged.acknowledged)),
    ],
    figures: { size: SIZE, ...merged },
  }
}
