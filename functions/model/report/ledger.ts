/** What became of each commit, by key. */
import * as z from 'zod'
import { iso, nullableNumber } from './values.ts'

export const ledger = z.object({
  intended: z.number().int(),
  acknowledged: z.number().int(),
  refused: z.number().int(),
  unknown: z.number().int(),
  missed: z.number().int(),
  weakAcks: z.number().int(),
  lost: z.number().int().nullable(),
  recovered: z.number().int().nullable(),
  misjudged: z.number().int().nullable(),
  unexpected: z.number().int().nullable(),
  duplicates: z.number().int().nullable(),
  unresolved: z.number().int().nullable(),
  rowsFound: z.number().int().nullable(),
  lostSeconds: nullableNumber.describe('The longest of the events; 0 when no commit is lost'),
  lostKeys: z.array(z.string()).describe('worker:seq, at most 1000'),
  audits: z.array(
    z.object({
      at: iso,
      timeline: nullableNumber,
      address: z.string().nullable().describe('Of the server that was read, by its own word'),
      serverId: z.string().nullable().describe('The primary behind the name, as the platform showed it then'),
      rows: z.number().int(),
      lost: z.number().int(),
    }),
  ),
  digest: z.string().nullable().describe('SHA-256 over the merged ledger'),
})
