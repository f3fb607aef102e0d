/** The grid on which a record counts: seconds of Unix time, each with ten tenths. Instants are in microseconds. */
export const US_PER_SECOND = 1_000_000
export const TENTHS = 10
export const US_PER_TENTH = US_PER_SECOND / TENTHS
