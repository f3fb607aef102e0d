/** A drill in an app that has its report and waits for late metrics: the command says so, and Ctrl-C leaves with that report. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { DrillStatus } from '../../../functions/model/status.ts'
import type { DrillApi } from '../../../infra/local/cli/drill-client.ts'
import { createProgressView } from '../../../infra/local/cli/drill-progress.ts'
import { CHART_DATA, RESULT_FILES } from '../../../infra/local/cli/drill-result.ts'
import { courseFar } from '../../../infra/local/cli/far.ts'
import { followDrill } from '../../../infra/local/cli/run.ts'
import { screen } from '../../../loadgen-image/output/screen.ts'
import { brokenDrill } from '../../browser/statuses.ts'
import { sample } from '../../golden/samples.ts'
import { aFolder } from '../../support/folder.ts'

const DRILL = 'drill-late'
const NOTE = "waits for the platform's metrics, until 12:34:56 UTC"
const { report } = await sample('FAIL')

const late: DrillStatus = {
  ...brokenDrill(DRILL).status,
  state: 'running',
  links: { self: '', report: 'report', files: [] },
  progress: {
    phase: 'late metrics',
    phaseStartedAt: '2026-03-03T02:00:00.000Z',
    loadStartAtMs: null,
    live: null,
    note: NOTE,
  },
}
const ended: DrillStatus = { ...late, state: 'finished', progress: null }

/** The statuses in order, the last one again and again; `onLook` before each. */
async function follow(statuses: readonly DrillStatus[], onLook: (look: number, interrupt: () => void) => void) {
  const out = aFolder()
  const controller = new AbortController()
  let looks = 0
  const written: string[] = []
  const aborts: string[] = []
  const pages: string[] = []
  const shown = vi.spyOn(screen, 'show').mockImplementation((text) => void written.push(`${text}\n`))
  onTestFinished(() => shown.mockRestore())
  const api = {
    status: async () => {
      onLook(looks, () => controller.abort('SIGINT'))
      return statuses[Math.min(looks++, statuses.length - 1)]
    },
    abort: async () => aborts.push(DRILL),
    file: async (_: string, name: string) => {
      if (name === 'report.html') pages.push(name)
      return Buffer.from(name === 'report.json' ? JSON.stringify(report) : name)
    },
  } as unknown as DrillApi
  const terminal = { isTTY: false, columns: 120, write: (text: string) => void written.push(text) }
  const far = {
    host: 'app.example',
    apiUrl: 'https://app.example/api',
    caller: { headers: async () => ({}), advice: '' },
    patienceSeconds: 60,
    say: () => undefined,
    attach: (id: string) => `watch ${id}`,
  }
  const course = {
    ...courseFar(far, 'drill', DRILL),
    clock: { nowMs: () => looks * 1000, sleep: () => Promise.resolve() },
  }
  const view = createProgressView(terminal, null)
  const common = { api, poll: api, terminal, view, loadSeconds: null, out, withoutReport: '' }
  const code = await followDrill({ ...common, course: () => course, signal: controller.signal }, DRILL)
  return { code, written: written.join(''), aborts, pages, folder: join(out, DRILL) }
}

test('says once that the report is there, where, what is awaited and until when', async () => {
  const { code, written, folder } = await follow([late, late, late, ended], () => undefined)
  const first = written.slice(0, written.indexOf('It is written again'))
  expect(first).toContain(NOTE)
  expect(first).toContain(`FAIL  ${report.headline}\nReport: ${folder}/report.html\n`)
  expect(written.match(/It is written again/g)).toHaveLength(1)
  expect(written).not.toContain('goes on in app.example, and writes')
  expect(code).toBe(1)
})

test('the page can be opened before the drill ends', async () => {
  const { pages } = await follow([late, ended], () => undefined)
  expect(pages).toHaveLength(2)
})

test('Ctrl-C then leaves with all files and the exit code of the verdict, and aborts nothing', async () => {
  const { code, written, aborts, folder } = await follow([late], (look, interrupt) => look === 2 && interrupt())
  expect({ code, aborts }).toEqual({ code: 1, aborts: [] })
  expect(readdirSync(folder).sort()).toEqual([...RESULT_FILES, CHART_DATA].sort())
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report)
  expect(written.trimEnd().split('\n').at(-1)).toBe(
    `The drill goes on in app.example, and writes its report again. Attach again: watch ${DRILL}`,
  )
})

test('Ctrl-C before there is a report aborts the drill, and the command waits for its end', async () => {
  const running: DrillStatus = { ...late, links: { self: '', report: null, files: [] } }
  const { aborts } = await follow([running, running, late, ended], (look, interrupt) => look === 1 && interrupt())
  expect(aborts).toEqual([DRILL])
})
