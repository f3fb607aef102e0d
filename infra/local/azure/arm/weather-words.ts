/** What the command says about the weather of the Azure endpoint: what a seed chose, and what of it fell. */
import type { Fallen, Weather } from './weather.ts'

export const WEATHER_FILE = 'weather.json'

export const forecastLines = ({ seed, forecast }: Weather): string[] => [
  `Weather ${seed} of the Azure endpoint (the same again with --weather ${seed}):`,
  ...forecast.map((sentence) => `  ${sentence}`),
]

export const fallenLines = ({ seed }: Weather, fallen: readonly Fallen[]): string[] => [
  '',
  `Of weather ${seed} fell:`,
  ...(fallen.length === 0 ? ['  nothing: the drill asked for none of it'] : fallen.map(fallenLine)),
]

const fallenLine = ({ what, times }: Fallen): string => `  ${what}${times === 1 ? '' : ` (${times} times)`}`

export const weatherFile = ({ seed, forecast }: Weather, fallen: readonly Fallen[]): Uint8Array =>
  Buffer.from(`${JSON.stringify({ seed, forecast, fallen }, null, 2)}\n`)
