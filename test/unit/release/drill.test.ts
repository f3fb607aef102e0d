/** The step `drill` of `npm run release`: a drill in the deployed app, to its report, through a lost connection. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { aFolder } from '../../support/folder.ts'
import { argumentsOf } from '../../support/guides/runs.ts'
import { listening } from '../../support/ports.ts'
import { deployed, stage } from '../../support/release-world.ts'

const REPORT = readFileSync(resolve(import.meta.dirname, '../../golden/files/pass/report.json'))

/** Loses the answer to the start, and to a later poll. */
async function anApp() {
  const starts: Array<{ readonly key: unknown; readonly body: unknown }> = []
  let polls = 0
  const server = createServer((request, response) => {
    const { url = '', method, headers } = request
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      if (method === 'POST') {
        starts.push({ key: headers['idempotency-key'], body: JSON.parse(body) })
        if (starts.length === 1) return void request.socket.destroy()
        return void response.writeHead(202, { location: `/api/drills/${headers['idempotency-key']}` }).end('{}')
      }
      if (url.endsWith('/report.json')) return void response.end(REPORT)
      if (url.includes('/files/')) return void response.writeHead(404).end('{}')
      polls += 1
      if (polls === 1) return void request.socket.destroy()
      response.end(JSON.stringify({ state: 'finished', progress: null, history: [], elapsedSeconds: 1, error: null }))
    })
  })
  const port = await listening(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${port}/api`, starts }
}

test('a drill is started once, followed through a lost connection, and ends with the exit code of its verdict', async () => {
  const app = await anApp()
  const { run } = await stage((world) => {
    world.outputsOfDeployment.DRILL_API_URL = app.url
    deployed(world)
  })
  const out = aFolder()
  const { code, text } = await run([...argumentsOf('npm run release -- drill --group rg-drill'), '--out', out])
  expect(code, text).toBe(0)
  const [first, second, ...more] = app.starts
  expect([first, second?.body, more]).toEqual([second, { migrate: true }, []])
  const id = String(first?.key)
  expect(text).toContain(`Drill ${id}: the app's own defaults`)
  expect(text).toMatch(/The drill goes on there; trying again for 600 s\.[\s\S]*answers again, after/)
  expect(readdirSync(join(out, id))).toEqual(['report.json'])
})
