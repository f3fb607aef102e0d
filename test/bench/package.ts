/** The deployed app: how large its zip is, and how long Node takes to load it, which a cold start waits for. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageApp } from '../../infra/azure/package.ts'
import { DEPLOYED_SETTINGS } from '../support/deployed-settings.ts'
import { atMost, type BenchResult, spreadOf, spreadText } from './spread.ts'

const RUNS = 7
const IMPORT = `const from = performance.now()
import('./dist/app.js').then(() => { console.log(performance.now() - from); process.exit() })`

export async function benchPackage(): Promise<BenchResult> {
  const out = mkdtempSync(join(tmpdir(), 'bench-package-'))
  try {
    const { folder, zip } = await packageApp(join(out, 'made'))
    const zipMb = statSync(zip).size / 1e6
    const seconds: number[] = []
    for (let run = 0; run < RUNS; run++) seconds.push(await importSeconds(folder))
    const spread = spreadOf(seconds)
    return {
      lines: [
        atMost('zip in MB', zipMb, 6, zipMb.toFixed(2)),
        atMost('seconds to import the app', spread.median, 0.4, spreadText(spread)),
      ],
      figures: { zipMb, importSeconds: spread },
    }
  } finally {
    rmSync(out, { recursive: true })
  }
}

async function importSeconds(folder: string): Promise<number> {
  const env = { PATH: process.env.PATH ?? '', ...DEPLOYED_SETTINGS }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', IMPORT], { cwd: folder, env })
  return Number(stdout.trim().split('\n').at(-1)) / 1000
}
