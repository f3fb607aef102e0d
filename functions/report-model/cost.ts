/** What the containers of a drill cost: measured seconds times configured prices, never a constant. */
import type { DrillOutcome } from '../model/evidence.ts'
import type { Report } from '../model/report.ts'
import { round } from '../units/statistics.ts'

export function costOf({ containerSeconds, prices, plan }: DrillOutcome): Report['cost'] {
  const { cpu, memoryGb } = plan.containerSize
  const vCpuSeconds = containerSeconds === null ? null : round(containerSeconds * cpu, 1)
  const gbSeconds = containerSeconds === null ? null : round(containerSeconds * memoryGb, 1)
  return {
    vCpuSeconds,
    gbSeconds,
    currency: prices?.currency ?? '',
    amount:
      vCpuSeconds === null || gbSeconds === null || prices === null
        ? null
        : round(vCpuSeconds * prices.perVCpuSecond + gbSeconds * prices.perGbSecond, 4),
    source: prices?.source ?? 'no prices are configured',
  }
}
