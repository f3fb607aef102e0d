/**
 * Builds the program that hosts the Durable extension, once for each content of its sources. The build is kept in the cache folder of
 * the user, outside of the sources, and the next run uses it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CannotRun } from '../../process/problem.ts'
import { findProgram } from '../../process/programs.ts'
import { rootOf } from '../worker/load-app.ts'

/** Beside this file, also when this file is compiled and lies below dist/. */
const PROGRAM = join(rootOf(import.meta.filename), 'infra/local/functions-host/durable-extension/program')
const SOURCES = ['Program.cs', 'engine.csproj', 'packages.lock.json', 'no-webapi-client/no-webapi-client.csproj']
/** The version of .NET in the project file. */
const DOTNET_MAJOR = 10
const BUILD_MS = 300_000

interface Dotnet {
  readonly program: string
  readonly version: string
}

/** The SDK on PATH, or the `dotnet` that DOTNET names; null when there is none that is new enough. */
export async function findDotnet(): Promise<Dotnet | null> {
  const program = findProgram(['dotnet'], process.env.DOTNET)
  if (program === null) return null
  const listed = await run(program, ['--list-sdks']).catch(() => '')
  const versions = listed.split('\n').map((line) => line.split(' ')[0] ?? '')
  const version = versions.findLast((text) => Number.parseInt(text, 10) >= DOTNET_MAJOR)
  return version === undefined ? null : { program, version }
}

export async function requireDotnet(): Promise<Dotnet> {
  const found = await findDotnet()
  if (found !== null) return found
  throw new CannotRun(
    `The .NET SDK ${DOTNET_MAJOR} or newer is missing on this machine, and --host durable needs it. Install it from\n` +
      '  https://dotnet.microsoft.com/download\n' +
      'or name the program with DOTNET; without --host durable the local host runs the same app',
  )
}

export interface DurableExtension {
  readonly dotnet: string
  /** The program, to be run by dotnet. */
  readonly assembly: string
}

/** Downloads packages and compiles, unless this version of the program was built on this machine before. */
export async function buildDurableExtension(report: (line: string) => void): Promise<DurableExtension> {
  const dotnet = await requireDotnet()
  const cache = cacheFolder()
  const folder = join(cache, contentOf(dotnet))
  const assembly = join(folder, 'bin/engine/release/engine.dll')
  if (!existsSync(assembly)) {
    report('Building the program that hosts the Durable extension ...')
    mkdirSync(cache, { recursive: true })
    const building = mkdtempSync(join(cache, 'building-'))
    try {
      await compile(dotnet, building)
      takePlace(building, folder)
    } finally {
      rmSync(building, { recursive: true, force: true })
    }
  }
  return { dotnet: dotnet.program, assembly }
}

const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pg-failover-drill/durable-extension')

function contentOf({ version }: Dotnet): string {
  const hash = createHash('sha256').update(version)
  for (const source of SOURCES) hash.update(source).update(readFileSync(join(PROGRAM, source)))
  return hash.digest('hex').slice(0, 16)
}

/** With the locked packages only; no process of the compiler stays. */
async function compile({ program }: Dotnet, into: string): Promise<void> {
  const args = ['build', join(PROGRAM, 'engine.csproj'), '--configuration', 'Release', '--artifacts-path', into]
  const options = ['-p:RestoreLockedMode=true', '-p:UseSharedCompilation=false', '-nodeReuse:false']
  await run(program, [...args, ...options]).catch((cause: unknown) => {
    throw new CannotRun(
      'The program that hosts the Durable extension could not be built. It needs the packages of packages.lock.json, ' +
        `from the NuGet source of this machine:\n${(cause as Error).message}`,
      { cause },
    )
  })
}

/** Two runs may build at once: the second finds the same content in place. */
function takePlace(built: string, folder: string): void {
  try {
    renameSync(built, folder)
  } catch (error) {
    if (!existsSync(folder) || readdirSync(folder).length === 0) throw error
  }
}

function run(program: string, args: readonly string[]): Promise<string> {
  const environment = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' }
  return new Promise((resolve, reject) =>
    execFile(program, [...args], { timeout: BUILD_MS, env: environment }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${stdout}${stderr}`.trim().slice(-2_000) || error.message))
    }),
  )
}
