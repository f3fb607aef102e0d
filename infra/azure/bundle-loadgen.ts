/**
 * The load generator as a folder that needs plain Node and nothing else: the program and its worker thread, each in one file with
 * everything it imports. The image holds this folder; so does anybody who builds it without Docker.
 *
 *   node infra/azure/bundle-loadgen.ts [--out DIR]
 */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const ROOT = resolve(import.meta.dirname, '../..')
export const LOADGEN_BUNDLE = join(ROOT, 'dist', 'loadgen')

/** The program finds its thread by its own name's extension, so both need the same one; .mjs needs no package.json beside it. */
const ENTRIES = ['loadgen-image/main.ts', 'loadgen-image/thread-main.ts']

// Bundled CommonJS packages ask for Node's own modules by require(), which an ES module does not have.
const REQUIRE = `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);`

export async function bundleLoadgen(folder: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: REQUIRE },
    // Optional native client of pg, which is not installed and not used.
    external: ['pg-native'],
    legalComments: 'linked',
    logLevel: 'warning',
  })
}

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
