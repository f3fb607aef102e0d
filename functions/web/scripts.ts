/**
 * The dashboard's scripts: web/browser as one module, and the chart library as a second one, so that a browser keeps the
 * library when the dashboard changes. The deployed package holds both; from source they are bundled on the first request.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export const ENTRY = 'dashboard.js'
export const LIBRARY = 'echarts.js'

/** Beside the app's one file in the package; there is no such folder beside this source file. */
const PACKAGED = join(import.meta.dirname, 'dashboard')

export const browserScripts = (): Promise<ReadonlyMap<string, string>> =>
  existsSync(PACKAGED)
    ? Promise.resolve(new Map([ENTRY, LIBRARY].map((name) => [name, readFileSync(join(PACKAGED, name), 'utf8')])))
    : bundleScripts()

export async function bundleScripts(): Promise<ReadonlyMap<string, string>> {
  // A development dependency: the deployed app never comes here.
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'browser/main.ts')],
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    plugins: [
      {
        name: 'library beside the script',
        setup: ({ onResolve }) => onResolve({ filter: /^echarts$/ }, () => ({ path: `./${LIBRARY}`, external: true })),
      },
    ],
  })
  return new Map([
    [ENTRY, outputFiles[0]?.text ?? ''],
    [LIBRARY, readFileSync(echartsFile(), 'utf8')],
  ])
}

/** By its folder, because the package does not export the minified module. */
function echartsFile(): string {
  const manifest = createRequire(import.meta.url).resolve('echarts/package.json')
  return join(dirname(manifest), 'dist/echarts.esm.min.mjs')
}
