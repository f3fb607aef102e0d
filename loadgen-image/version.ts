/** The generator's own version, which every summary names. Raised with every change of what it measures. */
export const GENERATOR_VERSION = '1.0.0'
