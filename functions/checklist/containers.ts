/** Checks of what the containers need from the platform: image, identity, quota, size, storage. */
import { type BeforeCheck, type BeforeEvidence, holds, type Judgement } from './check.ts'

export const CONTAINER_CHECKS = [
  {
    id: 'image',
    title: 'Load generator image',
    why: 'A missing image is found out only after minutes of waiting for containers.',
    judge: ({ facts }) =>
      holds(facts.containers.image?.exists, 'exists in the registry', Boolean, (exists) =>
        imageWords(
          facts.containers.image?.reference ?? '',
          exists ? (facts.containers.image?.digest ?? 'exists') : 'not found',
        ),
      ),
    advice: 'Build and push the image, and name it by digest in LOADGEN_IMAGE.',
  },
  {
    id: 'identity-token',
    title: 'Identity',
    why: 'Every call of the app to the platform needs a token.',
    judge: ({ facts }) => yes(facts.containers.identityTokenOk, 'a token was issued', 'no token could be got'),
    advice: 'Assign the app its managed identity and the roles that docs/azure.md lists.',
  },
  {
    id: 'resource-group',
    title: 'Resource group',
    why: 'Containers are created in it.',
    judge: ({ facts }) => yes(facts.containers.resourceGroupExists, 'exists', 'does not exist'),
    advice: 'Create the resource group, or correct DRILL_RESOURCE_GROUP.',
  },
  {
    id: 'container-quota',
    title: 'Container quota',
    why: 'A region admits 100 standard cores and 100 groups by default, shared by all users of the subscription.',
    judge: judgeQuota,
    advice: 'Ask for fewer or smaller containers, delete old ones, or request more quota.',
  },
  {
    id: 'container-size',
    title: 'Container size',
    why: 'Azure offers up to 31 vCPU and 240 GB, and less in some regions: there it refuses the container.',
    judge: judgeContainerSize,
    advice: 'Ask for smaller containers and more of them, or for more quota in the region.',
  },
  {
    id: 'blob-writable',
    title: 'Result storage',
    why: 'Plans, results and the report go there: finding out at the end would lose the drill.',
    judge: ({ facts }) => yes(facts.containers.blobWritable, 'writable', 'not writable'),
    advice: 'Grant the app Storage Blob Data Contributor on the container, and check that it exists.',
  },
] as const satisfies readonly BeforeCheck[]

/** A reference by digest already contains it. */
const imageWords = (reference: string, found: string): string =>
  (reference.includes(found) ? reference : `${reference} ${found}`).trim()

function judgeQuota({ facts, plan }: BeforeEvidence): Judgement {
  const groups = plan.load.containers
  const cores = Math.ceil(groups * plan.containerSize.cpu)
  const wanted = `${groups} groups and ${cores} cores`
  const free = (name: string) => {
    const usage = facts.containers.usages?.find((one) => one.name === name)
    return usage === undefined ? null : usage.limit - usage.used
  }
  const freeGroups = free('ContainerGroups')
  const freeCores = free('StandardCores')
  const seen = [
    ...(freeGroups === null ? [] : [`${freeGroups} groups free`]),
    ...(freeCores === null ? [] : [`${freeCores} cores free`]),
  ].join(', ')
  if ((freeGroups !== null && freeGroups < groups) || (freeCores !== null && freeCores < cores))
    return { verdict: 'fail', seen, wanted }
  if (freeGroups === null || freeCores === null) return { verdict: 'unknown', seen: seen || null, wanted }
  return { verdict: 'pass', seen, wanted }
}

function judgeContainerSize({ facts, plan }: BeforeEvidence): Judgement {
  const { cpu, memoryGb } = plan.containerSize
  const wanted = `${cpu} vCPU and ${memoryGb} GB per container`
  const { maxCpu, maxMemoryGb } = facts.containers
  if (maxCpu === null || maxMemoryGb === null) return { verdict: 'unknown', seen: null, wanted }
  const seen = `up to ${maxCpu} vCPU and ${maxMemoryGb} GB`
  return { verdict: maxCpu >= cpu && maxMemoryGb >= memoryGb ? 'pass' : 'fail', seen, wanted }
}

const yes = (value: boolean | null, seen: string, otherwise: string): Judgement =>
  holds(value, seen, Boolean, (isSo) => (isSo ? seen : otherwise))
