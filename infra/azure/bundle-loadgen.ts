/**
 * Bundles the load generator into a folder that needs Node and nothing else: the program and its worker thread, one file each.
 * The image holds this folder; it also runs without Docker.
 *
 *   node infra/azure/bundle-loadgen.ts [--out DIR]
 */
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { runTool } from '../local/process/command-line.ts'
import { bundle, ROOT } from './bundle.ts'

export const LOADGEN_BUNDLE = join(ROOT, 'dist', 'loadgen')

/** The program starts its worker thread from the file beside it that has the same extension. */
const ENTRIES = { main: 'loadgen-image/main.ts', 'thread-main': 'loadgen-image/run/thread-main.ts' }

export const bundleLoadgen = (folder: string): Promise<void> =>
  bundle({ entries: ENTRIES, folder, extension: '.mjs', external: [] })

const COMMAND = {
  command: 'npm run bundle:loadgen --',
  about: 'Bundles the load generator into a folder that needs Node and nothing else.',
  options: {
    out: { flag: 'out', value: 'DIR', default: LOADGEN_BUNDLE, schema: z.string().min(1), help: 'the folder' },
  },
} as const

if (import.meta.main)
  await runTool(COMMAND, async ({ options }) => {
    const folder = resolve(options.out)
    await bundleLoadgen(folder)
    console.log(`Load generator bundled: node ${join(folder, 'main.mjs')} --help`)
    return 0
  })
