/** The records of all step probes of a drill, as far as they reached storage. */
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { decodeProbeRecords, type ProbeRecord } from '../../../loadgen-image/contract/step-probe.ts'
import type { Blobs } from '../../clients/clients.ts'
import { inTurns } from '../../units/in-turns.ts'

export const isStepProbeBlob = (name: string): boolean => name.endsWith('.probe')

export async function readStepProbes(
  blobs: Pick<Blobs, 'list' | 'readFrom'>,
  drillId: string,
): Promise<readonly ProbeRecord[]> {
  const all = await blobs.list(blobNames.chunksPrefix(drillId))
  const names = all.map(({ name }) => name).filter(isStepProbeBlob)
  const read = async (name: string) => [...decodeProbeRecords((await blobs.readFrom(name, 0)) ?? new Uint8Array())]
  return (await inTurns(names, 8, read)).flat()
}
