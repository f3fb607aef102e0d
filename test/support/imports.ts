/** The source files of the repository and what each imports, for tests that hold the architecture. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

export function sourceFiles(folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((name) => name.endsWith('.ts'))
    .sort()
}

export interface Import {
  /** A path from the repository's root, or a package name. */
  readonly to: string
  readonly typeOnly: boolean
}

export const readSource = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

export function importsOf(file: string, source = readSource(file)): Import[] {
  const statements = source.matchAll(
    /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm,
  )
  return [...statements].map(([, typeOnly, named, dynamic]) => {
    const specifier = (named ?? dynamic) as string
    const to = specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : specifier
    return { to, typeOnly: typeOnly !== undefined }
  })
}

/** Every circle of files that import each other (strongly connected components of two or more), each sorted. */
export function circlesOf(files: readonly string[], sourceOf: (file: string) => string = readSource): string[][] {
  const known = new Set(files)
  const next = new Map(
    files.map((file) => [
      file,
      importsOf(file, sourceOf(file))
        .map(({ to }) => to)
        .filter((to) => known.has(to)),
    ]),
  )
  const reach = (from: string): Set<string> => {
    const seen = new Set<string>()
    const open = [...(next.get(from) ?? [])]
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      open.push(...(next.get(file) ?? []))
    }
    return seen
  }
  const reached = new Map(files.map((file) => [file, reach(file)]))
  const circles = files
    .filter((file) => reached.get(file)?.has(file))
    .map((file) => files.filter((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file)).sort())
  return [...new Map(circles.map((circle) => [circle.join(), circle])).values()]
}
