/** The architecture as a Mermaid drawing, made of the imports between the rooms. */
import { ROOMS } from './rooms.ts'

/** Rooms of one subject are drawn as one box: render/html/sections is a part of render. */
const DRAWN_WHOLE = [
  'loadgen-image',
  'functions/render',
  'functions/web',
  'functions/clients',
  'functions/activities',
  'infra/azure',
  'infra/local',
]

const boxOf = (room: string): string =>
  DRAWN_WHOLE.find((whole) => room === whole || room.startsWith(`${whole}/`)) ?? room

type Arrows = ReadonlyMap<string, ReadonlySet<string>>

function boxes(): Arrows {
  const arrows = new Map<string, Set<string>>()
  for (const [room, below] of ROOMS) {
    const box = boxOf(room)
    const own = arrows.get(box) ?? new Set()
    for (const other of below.map(boxOf)) if (other !== box) own.add(other)
    arrows.set(box, own)
  }
  return arrows
}

/** Every box that can be reached, the first step included. */
function reachOf(arrows: Arrows, from: string): Set<string> {
  const seen = new Set<string>()
  const open = [...(arrows.get(from) ?? [])]
  for (let box = open.pop(); box !== undefined; box = open.pop()) {
    if (seen.has(box)) continue
    seen.add(box)
    open.push(...(arrows.get(box) ?? []))
  }
  return seen
}

/** An arrow that a longer way implies is left out: it would hide the others. */
const directArrows = (arrows: Arrows, from: string): string[] => {
  const own = [...(arrows.get(from) ?? [])]
  return own.filter((to) => !own.some((other) => other !== to && reachOf(arrows, other).has(to)))
}

const idOf = (box: string): string => box.replaceAll(/[^a-z]/g, '_')

export function drawing(): string {
  const arrows = boxes()
  const named = [...arrows.keys()].reverse()
  return [
    'flowchart TD',
    ...named.map((box) => `  ${idOf(box)}["${box.replace(/^functions\//, '')}"]`),
    ...named.flatMap((box) => directArrows(arrows, box).map((to) => `  ${idOf(box)} --> ${idOf(to)}`)),
  ].join('\n')
}
