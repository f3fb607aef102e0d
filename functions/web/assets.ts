/**
 * The files of the dashboard: ES modules as they are in this repository, one request each, no build. From source the types
 * are stripped here; from the compiled package the files are JavaScript already. Paths become flat names, because the
 * route has one segment for them.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'

export interface Asset {
  readonly body: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
}

const ROOT = resolve(import.meta.dirname, '..')
const EXTENSION = import.meta.filename.endsWith('.ts') ? '.ts' : '.js'
export const ENTRY = 'web.browser.main.js'

/** Packages that the browser may import, and the file that is served for them. */
const PACKAGES: Readonly<Record<string, { readonly name: string; readonly file: string }>> = {
  echarts: { name: 'echarts.js', file: 'echarts/dist/echarts.esm.min.mjs' },
}

/** Beyond what every answer of the API carries. */
const DASHBOARD_HEADERS: Readonly<Record<string, string>> = {
  // Styles may be inline because a report shown in the page brings its own; scripts come from this origin alone.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
}

export function asset(body: string, contentType: string): Asset {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`
  return { body, contentType, headers: { ...DASHBOARD_HEADERS, etag, 'cache-control': 'no-cache' } }
}

const script = (body: string): Asset => asset(body, 'text/javascript; charset=utf-8')

/** The entry module and everything it reaches. */
export function scripts(): ReadonlyMap<string, Asset> {
  const found = new Map<string, Asset>()
  const open = [join(ROOT, 'web/browser', `main${EXTENSION}`)]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(flatName(file))) continue
    const { text, imports } = browserModule(file)
    found.set(flatName(file), script(text))
    open.push(...imports)
  }
  for (const { name, file } of Object.values(PACKAGES)) found.set(name, script(readPackageFile(file)))
  return found
}

const flatName = (file: string): string =>
  `${relative(ROOT, file).slice(0, -EXTENSION.length).replaceAll('\\', '/').replaceAll('/', '.')}.js`

/** Static imports; formatted code has each at the start of a line. */
const IMPORT = /^(import\b[^'"]*)(['"])([^'"\n]+)\2/gm

function browserModule(file: string): { readonly text: string; readonly imports: readonly string[] } {
  const source = readFileSync(file, 'utf8')
  const imports: string[] = []
  const text = withoutTypes(source).replace(IMPORT, (_, before: string, quote: string, specifier: string) => {
    if (!specifier.startsWith('.')) return `${before}${quote}./${packageOf(specifier, file)}${quote}`
    const target = resolve(dirname(file), specifier)
    if (relative(ROOT, target).startsWith('..')) throw new Error(`${file} imports ${specifier}, outside functions/`)
    imports.push(target)
    return `${before}${quote}./${flatName(target)}${quote}`
  })
  return { text, imports }
}

const withoutTypes = (source: string): string => (EXTENSION === '.ts' ? stripTypeScriptTypes(source) : source)

function packageOf(specifier: string, file: string): string {
  const known = PACKAGES[specifier]
  if (!known) throw new Error(`${file} imports ${specifier}, which is not served to a browser; see PACKAGES`)
  return known.name
}

/** By its folder, because a package may not export the file. */
function readPackageFile(file: string): string {
  const [name = '', ...path] = file.split('/')
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  return readFileSync(join(folder, ...path), 'utf8')
}
