/** The style sheet of the dashboard: the report's own words, colours and tables, plus what only a live page has. */
import { CAMPAIGN_STYLE } from '../render/campaign/style.ts'
import { BANNER, BASICS, CARDS, COLOUR_VARIABLES, MARKS, TABLES } from '../render/html/style.ts'

const FRAME = `
[hidden]{display:none!important}
/* The report itself, and not this page, is what its links lead into. */
.anchor{display:none}
.top{display:flex;flex-wrap:wrap;align-items:center;gap:.35rem 1.75rem;padding:.8rem max(1.25rem,calc((100vw - 69.5rem)/2));border-bottom:1px solid var(--line);font-size:.9rem}
.home{font-weight:700;color:var(--ink);text-decoration:none}
.top nav{display:flex;gap:1.25rem}
.top nav a{color:var(--muted);text-decoration:none}
.top nav a:hover,.top nav a[aria-current]{color:var(--ink);text-decoration:underline}
.link{margin-left:auto;display:flex;align-items:center;flex-wrap:wrap;gap:.25rem 0;color:var(--muted)}
.link>:not(:empty,select){margin-right:.6rem}
#connection::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:50%;background:var(--stopped);margin-right:.45em}
#connection.live::before{background:var(--good)}
#connection.lost{color:var(--unsure);font-weight:650}
#connection.lost::before{background:var(--unsure);border-radius:0;transform:rotate(45deg)}
#connection:empty::before{display:none}
main{max-width:72rem;margin:0 auto;padding:1.75rem 1.25rem 4rem}
main:focus{outline:none}
main h1{font-family:inherit;font-size:1.6rem;line-height:1.25;font-weight:650;letter-spacing:-.015em;margin:0 0 1rem;max-width:none}
main .banner{margin:-1.75rem calc(50% - 50vw) 1.75rem;padding-left:max(1.25rem,calc((100vw - 69.5rem)/2));padding-right:max(1.25rem,calc((100vw - 69.5rem)/2))}
main .banner h1{font:500 clamp(1.3rem,1.05rem + 1.2vw,1.8rem)/1.3 Charter,"Iowan Old Style","Source Serif 4","Noto Serif",Georgia,"DejaVu Serif",serif;margin:0;max-width:38em}
.heading{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:.5rem 1.5rem;margin-bottom:1rem}
.heading h1{margin:0}
.absent{color:var(--muted);background:var(--panel);border-left:3px solid var(--line);padding:.7rem 1rem;margin:.5rem 0 1rem}
.note{font-size:.875rem;color:var(--muted);margin:.6rem 0 0;max-width:52rem}
.lead{margin-bottom:1.25rem;max-width:46rem}
.empty{max-width:36rem;margin:4rem auto;text-align:center}
.empty p{margin:.75rem 0 1.5rem;color:var(--muted)}
h2{margin:2rem 0 .75rem}
.chart{width:100%;margin:.5rem 0}
.chart text{font-family:inherit!important}
button,input,select,textarea{font:inherit;color:inherit;background:var(--page);border:1px solid var(--muted);border-radius:5px;padding:.42rem .7rem}
select{padding-right:.4rem}
button{cursor:pointer;font-weight:550}
button:hover{background:var(--panel)}
button:disabled{opacity:.55;cursor:default}
button.primary,a.button{background:var(--ink);border:1px solid var(--ink);color:var(--page);border-radius:5px;padding:.47rem .95rem;font-weight:600;text-decoration:none;display:inline-block}
button.primary:hover,a.button:hover{opacity:.88;background:var(--ink)}
button.danger{color:var(--bad);border-color:var(--bad);font-weight:600}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem 1.25rem;margin:1.25rem 0}
dialog{color:inherit;background:var(--page);border:1px solid var(--line);border-radius:8px;padding:1.5rem 1.75rem;max-width:30rem;box-shadow:0 12px 40px rgba(0,0,0,.3)}
dialog h2{margin:0 0 .5rem}
dialog::backdrop{background:rgba(10,12,15,.5)}
dialog .actions{margin-bottom:0;justify-content:flex-end}
`

const FORM = `
form#start,form#key{max-width:54rem}
form#key{max-width:26rem;margin:3rem auto}
fieldset{border:0;border-top:1px solid var(--line);padding:1rem 0 .5rem;margin:0 0 1rem}
legend{font-weight:650;padding:0 .6rem 0 0}
.fields{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(15rem,100%),1fr));gap:1rem 1.75rem}
.field label{display:block;font-size:.9rem;font-weight:550;margin-bottom:.25rem}
.field input,.field select,.field textarea{width:100%}
.field textarea{font:.88rem/1.5 ui-monospace,"SF Mono","Cascadia Mono",Consolas,"DejaVu Sans Mono",monospace}
::placeholder{color:var(--muted);opacity:1}
#presets{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(9.6rem,100%),1fr));gap:.6rem;margin:0 0 1rem}
#presets button{text-align:left;display:flex;flex-direction:column;gap:.15rem;align-items:flex-start}
#presets button small{font-weight:400;color:var(--muted);line-height:1.35}
#presets button[aria-pressed=true]{border-color:var(--ink);outline:1px solid var(--ink)}
#offer ul{list-style:none;padding:0;margin:.5rem 0}
#offer li{padding:.45rem 0;border-top:1px solid var(--line);font-size:.9rem}
#offer .panel{background:var(--panel);border-left:3px solid var(--unsure);padding:.7rem 1rem;margin:0 0 1rem}
#offer .panel.calm{border-left-color:var(--good)}
.actions.closing{position:sticky;bottom:0;background:var(--page);padding:.8rem 0;margin:1.25rem 0 0;border-top:1px solid var(--line)}
.hint{font-size:.82rem;color:var(--muted);margin-top:.25rem}
.field .problem,.problems{color:var(--bad);font-size:.9rem}
.field .problem::before{content:"\\26A0\\FE0E  "}
.field :is(input,select,textarea)[aria-invalid=true]{border-color:var(--bad);outline:1px solid var(--bad)}
.problems{border-left:3px solid var(--bad);background:var(--wash-fail);padding:.7rem 1rem;margin-bottom:1rem}
.problems ul{padding-left:1.1rem}
form details{margin:0 0 1.25rem}
.checks{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(14rem,100%),1fr));gap:.15rem 1rem;margin-top:.5rem}
.field .checks label{font-weight:400;margin:0}
.field .checks input{width:auto}
form details .fields{margin-top:.75rem}
.events{list-style:none;padding:0;margin:0;counter-reset:event}
.event{counter-increment:event;border-left:3px solid var(--line);padding:.1rem 0 .1rem 1rem;margin-bottom:1rem}
.event::before{content:"Event " counter(event);display:block;font-weight:550;margin-bottom:.4rem}
.event .actions{margin:.6rem 0 0}
`

const LIVE = `
.phases{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.3rem .35rem;font-size:.82rem;margin:.75rem 0}
.phases li{padding:.12rem .6rem;border-radius:1rem;border:1px solid var(--line);color:var(--muted)}
.phases li.done{background:var(--panel)}
.phases li.done::before{content:"\\2713\\FE0E  "}
.phases li.now{background:var(--ink);color:var(--page);border-color:var(--ink);font-weight:650}
progress{width:100%;height:8px;appearance:none;border:0;border-radius:4px;background:var(--line);overflow:hidden;display:block}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--c-blue)}
progress::-moz-progress-bar{background:var(--c-blue)}
.elapsed{display:flex;justify-content:space-between;font-size:.875rem;color:var(--muted);margin-top:.3rem;font-variant-numeric:tabular-nums}
.now-figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:1rem 1.25rem;margin:1.5rem 0 .5rem}
.now-figures dt{font-size:.85rem;color:var(--muted);border-top:1px solid var(--muted);padding-top:.4rem}
.now-figures dd{margin:0;font-size:1.6rem;line-height:1.3;font-weight:650;letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.now-figures dd small{display:block;font-size:.8rem;font-weight:400;letter-spacing:0}
.now-figures dd.unmeasured{font-size:1.1rem;line-height:1.9;font-weight:500;color:var(--muted);letter-spacing:0}
.now-figures .down dt,.now-figures .down dd{color:var(--bad);border-color:var(--bad)}
.moments{list-style:none;padding:0;margin:.25rem 0 0;display:flex;flex-wrap:wrap;gap:.25rem 1.75rem;font-size:.9rem}
.moments .value{font-weight:650;font-variant-numeric:tabular-nums;margin-left:.35rem}
.gauges{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(15.5rem,100%),1fr));gap:1.25rem 2rem;margin:1rem 0}
.gauge dt{font-size:.875rem;color:var(--muted);display:flex;justify-content:space-between;gap:.5rem}
.gauge dd{margin:0}
.gauge .value{font-size:1.25rem;font-weight:650;font-variant-numeric:tabular-nums}
.gauge svg{display:block;width:100%}
.gauge .meter{height:8px;margin:.3rem 0}
.gauge .track{fill:var(--line)}
.gauge .fill{fill:var(--c-blue)}
.gauge.good .fill{fill:var(--good)}.gauge.warn .fill{fill:var(--unsure)}.gauge.bad .fill{fill:var(--bad)}
.gauge .past{height:26px;overflow:visible}
.gauge .past path{fill:none;stroke:var(--muted);stroke-width:1.25;vector-effect:non-scaling-stroke}
.gauge small{display:block}.gauge small span{white-space:nowrap}
.word{font-weight:600}
.word.good{color:var(--good)}.word.warn{color:var(--unsure)}.word.bad{color:var(--bad)}
.health .mark{white-space:normal;align-items:flex-start}
.health .mark svg{flex:none;margin-top:.25em}
.health{display:flex;gap:.6rem;align-items:center;font-weight:600;margin:.5rem 0}
.drills td .mark{white-space:nowrap}
.drills tbody tr:hover{background:var(--panel)}
.drills :is(th,td){padding-top:.35rem;padding-bottom:.35rem}
@media (min-width:40.01rem){.drills tbody th small{display:inline;margin-left:.5rem}}
.drills .spark{vertical-align:middle;margin-right:.6rem}
.spark path{fill:none;stroke:var(--muted);stroke-width:1.25}
.spark circle{fill:var(--ink)}
.filters{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;font-size:.9rem;margin:0 0 .5rem}
/* As wide with the servers' names as before they are known. */
.filters #server{width:11rem}
.chosen{gap:.4rem .6rem}.chosen button{padding:.15rem .5rem;font-weight:400;font-size:.85rem}
.chosen:empty{display:none}
kbd{font:inherit;font-size:.85em;border:1px solid var(--line);border-radius:3px;padding:0 .35em}
.generators{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(15rem,100%),1fr));gap:.3rem 1.25rem;font-size:.9rem}
.generators li{border-left:3px solid var(--line);padding:.1rem 0 .1rem .7rem}
.generators li.running{border-color:var(--good)}.generators li.failed{border-color:var(--bad)}.generators li.failed .state{color:var(--bad);font-weight:650}
.generators small{display:block;color:var(--muted)}
.journal{list-style:none;padding:0;font-size:.88rem;max-height:22rem;overflow-y:auto}
.journal li{padding:.3rem 0;border-top:1px solid var(--line)}
.journal .value{font-variant-numeric:tabular-nums;color:var(--muted);margin-right:.5rem}
.journal .phase{color:var(--muted)}
.journal .detail{display:block;color:var(--muted);overflow-wrap:anywhere}
.running-dot{display:inline-block;width:.6em;height:.6em;border-radius:50%;background:var(--c-blue);margin-right:.45em}
@media (prefers-reduced-motion:no-preference){.running-dot{animation:breathe 1.6s ease-in-out infinite}}
@keyframes breathe{50%{opacity:.3}}
.compared tbody th small{display:block;font-weight:400}
@media (min-width:40.01rem){.compared table{table-layout:fixed;min-width:64rem}.compared :is(th,td){min-width:0;white-space:normal;padding-right:.7rem}.compared td{overflow-wrap:normal}.compared thead th{vertical-align:bottom}.compared th:first-child{width:14rem}.compared th:nth-child(2){width:9.5rem}}
@media (max-width:40rem){.compared .cards td{grid-template-columns:11rem minmax(0,1fr)}}
.files{list-style:none;padding:0;columns:2;column-gap:2rem;max-width:40rem}
.files button{border:0;padding:.15rem 0;background:none;color:var(--link);text-decoration:underline;font-weight:400}
iframe.report{width:100%;height:85vh;border:1px solid var(--line);border-radius:6px;background:var(--page)}
@media (max-width:40rem){.link{margin-left:0;min-height:2.25rem}.link label{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden;white-space:nowrap}.files{columns:1}main .banner{padding-left:1.25rem;padding-right:1.25rem}}
`

/** A reader's own colours replace backgrounds: what a background says gets one of theirs. */
const FORCED_COLOURS = `
@media (forced-colors:active){button.primary,a.button,button.primary:hover,a.button:hover,.phases li.now{forced-color-adjust:none;background:Highlight;color:HighlightText;border-color:Highlight;opacity:1}
button.primary:disabled{background:Canvas;color:GrayText;border-color:GrayText}
progress{forced-color-adjust:none;background:Canvas;border:1px solid CanvasText}progress::-webkit-progress-bar{background:Canvas}progress::-webkit-progress-value{background:Highlight}progress::-moz-progress-bar{background:Highlight}
#connection::before,.running-dot{forced-color-adjust:none}}
`

export const DASHBOARD_STYLE = [
  COLOUR_VARIABLES,
  BASICS,
  BANNER,
  MARKS,
  TABLES,
  FRAME,
  FORM,
  LIVE,
  CARDS,
  CAMPAIGN_STYLE,
  FORCED_COLOURS,
].join('')
