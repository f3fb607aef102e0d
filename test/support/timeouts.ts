/**
 * Every wait of the tests by name, generous, because no test asserts a duration. DRILL_TEST_TIMEOUTS, a JSON object, replaces
 * some of them on a machine that is slower still.
 */
const defaults = {
  /** A pair, from initdb to a streaming standby. */
  pairStartsMs: 120_000,
  failoverMs: 120_000,
  stackStartsMs: 180_000,
  /** The .NET program of the Durable extension, built on a machine that has none of its packages, and started. */
  engineStartsMs: 300_000,
  /** A process has ended after its signal. */
  processEndsMs: 30_000,
  /** A whole drill by the command, from start to exit. */
  drillMs: 420_000,
  /** A Debian in a folder, from its packages. */
  debianBuiltMs: 900_000,
} as const

type Timeouts = { readonly [Name in keyof typeof defaults]: number }

export const timeouts: Timeouts = {
  ...defaults,
  ...(JSON.parse(process.env.DRILL_TEST_TIMEOUTS ?? '{}') as Partial<Timeouts>),
}
