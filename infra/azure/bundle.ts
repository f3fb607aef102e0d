/**
 * Bundles a program with all its imports into one file, and writes the licences of the packages in it.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'

export const ROOT = resolve(import.meta.dirname, '../..')

// Bundled CommonJS packages load Node's modules by require(), which an ES module does not have.
const REQUIRE = `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);`

export interface Bundle {
  /** Name of the bundled file (without extension) to its entry, a path from the project's folder. */
  readonly entries: Readonly<Record<string, string>>
  readonly folder: string
  /** `.mjs` needs no package.json beside it. */
  readonly extension: '.js' | '.mjs'
  /** Modules that the host provides, or that are never loaded. */
  readonly external: readonly string[]
}

export async function bundle({ entries, folder, extension, external }: Bundle): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { ...entries },
    outdir: folder,
    outExtension: { '.js': extension },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: REQUIRE },
    external: [...external],
    // Not minifyIdentifiers: a stack trace must be readable.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  await writeFile(join(folder, 'LICENSES.txt'), await licencesOf(packagesIn(metafile)))
}

const packagesIn = ({ inputs }: Metafile): string[] =>
  [
    ...new Set(Object.keys(inputs).flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [])),
  ].sort()

async function licencesOf(packages: readonly string[]): Promise<string> {
  const texts = await Promise.all(packages.map(licenceOf))
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

async function licenceOf(path: string): Promise<string> {
  const folder = join(ROOT, path)
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8')
  return `${name} ${version} (${license ?? 'see its text'})\n\n${text.trim()}\n`
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}
