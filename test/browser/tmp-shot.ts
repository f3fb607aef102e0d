import { launchBrowser } from './browser.ts'
const b = await launchBrowser()
const [, , file, out, w = '1200', from = '0', to = '2000'] = process.argv
const p = await b.newPage({ viewport: { width: +w, height: 800 } })
await p.goto(`file://${file}`)
const H = await p.evaluate(() => document.documentElement.scrollHeight)
await p.screenshot({ path: out!, fullPage: true, clip: { x: 0, y: +from, width: +w, height: Math.min(+to, H) - +from } })
console.log(H)
await b.close()
