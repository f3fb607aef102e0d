/** No release during a drill: new settings, new code and a restart of the server each end it. */
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import { type Api, apiOf } from './api.ts'
import { functionList, read } from './decisions/answers.ts'
import { type AppSeen, mayRelease } from './decisions/running-drill.ts'
import { type DeployedApp, findApp } from './deployed.ts'
import { missingAsNull, type Release } from './release.ts'

const asked = new WeakSet<Release>()

/** Once for all steps of a command: a release of several steps takes minutes, and no drill starts on an app that restarts. */
export async function guard(release: Release): Promise<void> {
  if (asked.has(release) || release.options.force) return
  const app = await findApp(release)
  const { may, why } = mayRelease(app === null ? { kind: 'no app' } : await seen(release, app), app?.apiUrl ?? '')
  if (!may) throw new CannotRun(`Not released: ${why}`)
  asked.add(release)
}

async function seen(release: Release, app: DeployedApp): Promise<AppSeen> {
  const place = ['--resource-group', release.group, '--name', app.name]
  const answer = await release.az.run(['functionapp', 'function', 'list', ...place]).catch(missingAsNull)
  if (answer === null) return { kind: 'no app' }
  if (read(functionList, answer, "the app's functions").length === 0) return { kind: 'no code' }
  return apiOf(release, app).then(ask, (error: unknown) => ({ kind: 'silent', why: wordsOf(error) }))
}

async function ask(api: Api): Promise<AppSeen> {
  try {
    const answer = await api.get('/drills?limit=100')
    return { kind: 'answer', status: answer.status, body: await answer.json().catch(() => null) }
  } catch (error) {
    return { kind: 'silent', why: wordsOf(error) }
  }
}
