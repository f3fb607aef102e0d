/**
 * The load generator as a folder that needs Node and nothing else: the program and its worker thread, each in one file.
 * The image holds this folder; it can also be built and run without Docker.
 *
 *   node infra/azure/bundle-loadgen.ts [--out DIR]
 */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle, ROOT } from './bundle.ts'

export const LOADGEN_BUNDLE = join(ROOT, 'dist', 'loadgen')

/** The program finds its thread beside itself by its own name's extension, so both get the same one. */
const ENTRIES = { main: 'loadgen-image/main.ts', 'thread-main': 'loadgen-image/run/thread-main.ts' }

export const bundleLoadgen = (folder: string): Promise<void> =>
  bundle({ entries: ENTRIES, folder, extension: '.mjs', external: [] })

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: LOADGEN_BUNDLE } } })
  const folder = resolve(values.out)
  await bundleLoadgen(folder)
  console.log(`Load generator bundled: node ${join(folder, 'main.mjs')} --help`)
}

if (import.meta.main)
  await main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
