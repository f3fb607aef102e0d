/** The events of all kinds, by name, that thousands of drills must have met: also in a thread that plays none. */

export const HAPPENINGS = [
  'a failover of the drill',
  'a restart of the drill',
  'scaling in place',
  'scaling by a server that takes over',
  'scaling that stops commits twice',
  'a planned switchover',
  'a forced switchover that loses commits',
  'a change that was undone',
  'a scaling that never ends',
  'a failover that returns home',
  'a return home that is left out',
  'an old primary that takes writes',
  'a watch without an event',
  'a watch of a restart',
  'a watch of a scaling',
  'a watch of a promotion',
] as const
export type Happening = (typeof HAPPENINGS)[number]
