/**
 * npm run verify -- evidence.zip: recomputes sums, headline figures and verdict of a drill from its raw files, without a network.
 * Exit code 0: everything is equal. 1: something differs. 2: it could not be verified.
 */
import { existsSync } from 'node:fs'
import { table } from './cli/drill-result.ts'
import { type Verification, verify } from './evidence/verification.ts'
import { openZip } from './evidence/zip-reader.ts'
import { runTool } from './process/command-line.ts'
import { CannotRun } from './process/problem.ts'

const COMMAND = {
  command: 'npm run verify --',
  operands: 'evidence.zip',
  about:
    'Computes sums, figures and verdict of a drill again from the raw files of its evidence.zip, without a network.',
  options: {},
  closing: 'Exit code: 0 everything is equal, 1 something differs, 2 it could not be verified.',
} as const

const EQUAL = 0
const DIFFERS = 1
const NOT_VERIFIED = 2

export async function verifyFile(operands: readonly string[], say: (text: string) => void): Promise<number> {
  const [path, ...more] = operands
  if (path === undefined || more.length > 0)
    throw new CannotRun('Give one archive: npm run verify -- runs/<drill-id>/evidence.zip')
  if (!existsSync(path)) throw new CannotRun(`${path} does not exist`)
  const zip = openZip(path)
  try {
    const found = await verify(zip)
    say(linesOf(found).join('\n'))
    return found.differences.length > 0 ? DIFFERS : found.unverified.length > 0 ? NOT_VERIFIED : EQUAL
  } finally {
    zip.close()
  }
}

function linesOf({ manifest, differences, unverified, figures, done }: Verification): string[] {
  const { drillId, verdict, headline } = manifest
  return [
    `Evidence of drill ${drillId}. ${verdict}: ${headline}`,
    ...done.map((line) => `  ${line}`),
    ...(figures.length === 0
      ? []
      : ['', ...table([['figure', 'in report.json', 'computed again', ''], ...figures.map(figureCells)])]),
    ...(unverified.length === 0
      ? []
      : [
          '',
          'Not computed again, because the records of the load are not in the archive:',
          ...unverified.map((line) => `  ${line}`),
        ]),
    ...(differences.length === 0 ? [] : ['', ...differences.map((line) => `DIFFERS  ${line}`)]),
    '',
    conclusion(differences.length, unverified.length),
  ]
}

const figureCells = ({ name, given, computed }: Verification['figures'][number]): string[] => [
  name,
  given,
  computed,
  given === computed ? 'equal' : 'DIFFERS',
]

function conclusion(differences: number, unverified: number): string {
  if (differences > 0)
    return `DIFFERS: ${differences} findings. This is not what the drill left, or another version wrote it.`
  if (unverified > 0)
    return 'NOT VERIFIED: the files agree with each other, and whether their figures are right is not known. Fetch evidence.zip?chunks=true'
  return 'EQUAL: sums, figures and verdict are those that the raw files give.'
}

if (import.meta.main) await runTool(COMMAND, ({ operands }) => verifyFile(operands, console.log))
