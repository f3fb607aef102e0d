/**
 * Was it a failover, or only a hiccup? Proven when PostgreSQL's timeline rose (every promotion raises it) or the availability
 * zones swapped. Another address or a new start of the server supports that, but a restart changes them too.
 */
import type { PrimaryIdentity } from './facts.ts'
import type { FailoverEvidence } from './outcome.ts'
import type { DrillEvent } from './report.ts'
import type { TimelineChange } from './timeline-changes.ts'

type Proof = DrillEvent['proof']

export function proofOf({ before, after }: FailoverEvidence, change: TimelineChange | null): Proof {
  const rose = timelineRose(before, after)
  const swapped = zonesSwapped(before, after)
  return {
    // Two known and equal timelines outweigh everything else: nothing was promoted.
    proven: rose === true || change !== null || (rose === null && swapped === true),
    evidence: [
      rose === true ? `The timeline of the primary rose from ${before?.timeline} to ${after?.timeline}.` : null,
      rose === false ? `The timeline of the primary is still ${after?.timeline}: nothing was promoted.` : null,
      change !== null ? `Clients were acknowledged by rows stamped with the new timeline ${change.timeline}.` : null,
      swapped === true
        ? `The primary moved from zone ${before?.availabilityZone} to zone ${after?.availabilityZone}.`
        : null,
      swapped === false ? `The primary is still in zone ${after?.availabilityZone}.` : null,
      changed('The address of the primary', before?.address, after?.address),
      changed('The start of the server', before?.postmasterStartedAt, after?.postmasterStartedAt),
    ].filter((sentence) => sentence !== null),
    before,
    after,
  }
}

function timelineRose(before: PrimaryIdentity | null, after: PrimaryIdentity | null): boolean | null {
  if (before === null || after === null || before.timeline === null || after.timeline === null) return null
  return after.timeline > before.timeline
}

function zonesSwapped(before: PrimaryIdentity | null, after: PrimaryIdentity | null): boolean | null {
  if (before?.availabilityZone == null || after?.availabilityZone == null) return null
  // Both in one zone (SameZone): where the primary is says nothing.
  if (before.standbyZone === before.availabilityZone) return null
  return before.availabilityZone !== after.availabilityZone
}

function changed(what: string, before: string | null | undefined, after: string | null | undefined): string | null {
  if (before == null || after == null || before === after) return null
  return `${what} changed from ${before} to ${after}.`
}

/** All failovers of the drill together. */
export function proofOfDrill(proofs: readonly Proof[]): Proof {
  const [first] = proofs
  if (first === undefined) return { proven: false, evidence: ['No failover was asked for.'], before: null, after: null }
  const evidence = proofs.length === 1 ? first.evidence : proofs.flatMap(numbered)
  return {
    proven: proofs.every(({ proven }) => proven),
    evidence: evidence.length > 0 ? evidence : ['Nothing was seen that only a failover changes.'],
    before: first.before,
    after: proofs.at(-1)?.after ?? null,
  }
}

const numbered = ({ evidence }: Proof, index: number): string[] =>
  evidence.map((sentence) => `Failover ${index + 1}: ${sentence}`)
