/**
 * Finds the Bicep compiler: on the PATH, in the Azure CLI's folder, or as a NuGet package that the .NET SDK restores once. The package
 * is pinned, so that every machine applies the same rules; its cache is outside the source tree.
 */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const BICEP_VERSION = '0.49.2'

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type Bicep =
  | { readonly kind: 'found'; readonly path: string; readonly run: (args: readonly string[]) => Promise<Finished> }
  | { readonly kind: 'missing'; readonly why: string }

/** All combinations of parameters take half a minute on an idle machine. */
const RUN_TIMEOUT_MS = 600_000
const RESTORE_TIMEOUT_MS = 300_000
/** A compiled template with its types is several MB of JSON. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

export async function findBicep(environment: NodeJS.ProcessEnv = process.env): Promise<Bicep> {
  const places = [...onPath('bicep', environment), join(homedir(), '.azure', 'bin', programName('bicep')), cached()]
  for (const path of places) if (await isExecutable(path)) return found(path)
  return restored(environment)
}

function found(path: string): Bicep {
  // The compiler is one file that unpacks itself, and needs a folder for that where HOME is read-only.
  const environment = { DOTNET_BUNDLE_EXTRACT_BASE_DIR: join(tmpdir(), 'bicep-unpacked'), ...process.env }
  return { kind: 'found', path, run: (args) => finish(path, args, environment, RUN_TIMEOUT_MS) }
}

// ---- Restoring ----------------------------------------------------------------------------------------------------------------

async function restored(environment: NodeJS.ProcessEnv): Promise<Bicep> {
  const runtime = runtimeId()
  if (runtime === null) return missing(`there is no Bicep package for ${process.platform} ${process.arch}`)
  const [dotnet] = await executables(onPath('dotnet', environment))
  if (dotnet === undefined) return missing('neither bicep nor the Azure CLI nor the .NET SDK is installed')
  const folder = await mkdtemp(join(tmpdir(), 'bicep-restore-'))
  try {
    return await restoreInto(folder, `Azure.Bicep.CommandLine.${runtime}`, dotnet)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function restoreInto(folder: string, packageId: string, dotnet: string): Promise<Bicep> {
  const project = join(folder, 'bicep.csproj')
  await writeFile(project, restoreProject(packageId))
  const environment = {
    ...process.env,
    DOTNET_CLI_HOME: folder,
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
    DOTNET_NOLOGO: '1',
    NUGET_PACKAGES: join(folder, 'packages'),
  }
  const result = await finish(dotnet, ['restore', project], environment, RESTORE_TIMEOUT_MS)
  if (result.code !== 0) return missing(`restoring ${packageId} ${BICEP_VERSION} failed: ${firstError(result)}`)
  return keep(join(folder, 'packages', packageId.toLowerCase(), BICEP_VERSION, 'tools', programName('bicep')))
}

/** PackageDownload fetches a package without a dependency on it; `dotnet restore` takes packages from projects only. */
const restoreProject = (packageId: string) => `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup><PackageDownload Include="${packageId}" Version="[${BICEP_VERSION}]" /></ItemGroup>
</Project>
`

async function keep(program: string): Promise<Bicep> {
  const target = cached()
  await mkdir(join(target, '..'), { recursive: true })
  // First under another name: a second run must never start a half-written program.
  const partial = `${target}.${process.pid}`
  await copyFile(program, partial)
  await chmod(partial, 0o755)
  await rename(partial, target)
  return found(target)
}

function cached(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(base, 'pg-failover-drill', `bicep-${BICEP_VERSION}`, programName('bicep'))
}

/** The package's name for this machine; null: none. */
function runtimeId(): string | null {
  const platform = { linux: 'linux', darwin: 'osx', win32: 'win' }[process.platform as string]
  const machine = { x64: 'x64', arm64: 'arm64' }[process.arch as string]
  return platform !== undefined && machine !== undefined ? `${platform}-${machine}` : null
}

const missing = (why: string): Bicep => ({ kind: 'missing', why })

const firstError = ({ stdout, stderr }: Finished): string =>
  `${stdout}\n${stderr}`.split('\n').find((line) => line.includes('error')) ?? 'no reason was printed'

// ---- Programs -----------------------------------------------------------------------------------------------------------------

const programName = (name: string) => (process.platform === 'win32' ? `${name}.exe` : name)

const onPath = (name: string, environment: NodeJS.ProcessEnv): string[] =>
  (environment.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, programName(name)))

async function executables(paths: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) if (await isExecutable(path)) found.push(path)
  return found
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

function finish(program: string, args: readonly string[], env: NodeJS.ProcessEnv, timeout: number): Promise<Finished> {
  return new Promise((resolve) =>
    execFile(program, [...args], { env, timeout, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code) || 1, stdout, stderr: stderr || (error?.message ?? '') }),
    ),
  )
}
