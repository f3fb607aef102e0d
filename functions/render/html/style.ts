/**
 * The style sheet of the page: text first, colour second. Every colour is a variable with a light and a dark value; text
 * and marks keep a contrast of at least 4.5:1 in both. Print is always light.
 */
const LIGHT = `
--page:#fcfcfa;--ink:#1b1e23;--muted:#5b626d;--line:#dcdfe3;--panel:#f3f4f2;--link:#0b57b0;
--good:#17703a;--bad:#b3261e;--unsure:#8a5a00;--stopped:#54595f;--on-mark:#fff;
--wash-pass:#e9f4ec;--wash-fail:#fbebe9;--wash-inconclusive:#faf1dd;--wash-aborted:#eeeff1;
--c-blue:#2f6fb3;--c-orange:#d97706;--c-red:#cc3d3d;--c-violet:#7a4fb5;--c-teal:#0d8a80;--c-grey:#8a919c;
--s-connection:#1b2a49;--s-login:#2166ac;--s-pooler:#c8501b;--s-write:#b86a9c;--s-read-only:#e3b505;--s-wrote:#6cc9ac;
--shade-warm-up:rgba(110,118,130,.10);--shade-outage:rgba(204,61,61,.10);--shade-recovery:rgba(217,119,6,.12);--shade-usual:rgba(47,111,179,.16);
`
const DARK = `
--page:#14171b;--ink:#e7e9ec;--muted:#a3abb6;--line:#343a42;--panel:#1c2026;--link:#7fb4ee;
--good:#5cc388;--bad:#f08a80;--unsure:#e0b04c;--stopped:#a9b0b9;--on-mark:#14171b;
--wash-pass:#16261c;--wash-fail:#2c1a19;--wash-inconclusive:#292212;--wash-aborted:#1f2329;
--c-blue:#5b9be0;--c-orange:#f0a545;--c-red:#ee6f6a;--c-violet:#b08ce8;--c-teal:#3fbdb1;--c-grey:#8d95a1;
--s-connection:#dfe4ea;--s-login:#2f78c4;--s-pooler:#e2703a;--s-write:#a8568a;--s-read-only:#ecd444;--s-wrote:#35c29a;
--shade-warm-up:rgba(160,170,185,.12);--shade-outage:rgba(238,111,106,.16);--shade-recovery:rgba(240,165,69,.15);--shade-usual:rgba(91,155,224,.22);
`

export const COLOUR_VARIABLES = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{color-scheme:light;${LIGHT}}}
`

export const BASICS = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:1rem}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--ink);font:400 1rem/1.55 "Inter","Segoe UI",system-ui,-apple-system,"Helvetica Neue",Arial,sans-serif;font-feature-settings:"tnum"}
a{color:var(--link);text-underline-offset:.15em;text-decoration-thickness:1px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
code{font:.88em/1.4 ui-monospace,"SF Mono","Cascadia Mono",Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
small{font-size:.82em;color:var(--muted)}
h1,h2,h3,p,dl,ul,ol,figure{margin:0}
h2{font-size:1.35rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin-bottom:1rem}
h3{font-size:1.02rem;font-weight:650;margin:1.75rem 0 .5rem}
.skip{position:absolute;left:-100vw;top:0;background:var(--page);padding:.5rem 1rem;z-index:1}
.skip:focus{left:0}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);padding:0}
`

export const BANNER = `
.banner{padding:2.5rem max(1.25rem,calc((100vw - 70rem)/2)) 2rem;border-bottom:1px solid var(--line);border-top:.4rem solid var(--stopped);background:var(--wash-aborted)}
.banner.pass{border-top-color:var(--good);background:var(--wash-pass)}
.banner.fail{border-top-color:var(--bad);background:var(--wash-fail)}
.banner.inconclusive{border-top-color:var(--unsure);background:var(--wash-inconclusive)}
.eyebrow{font-size:.875rem;color:var(--muted);display:flex;flex-wrap:wrap;gap:.15rem 1.25rem}
.eyebrow .id{color:var(--ink);font-weight:600}
.verdict{display:flex;flex-wrap:wrap;align-items:center;gap:.35rem .9rem;margin:1.6rem 0 .7rem}
.verdict .mark{font-size:1.5rem;font-weight:750;letter-spacing:.02em}
.verdict .mark svg{width:1.1em;height:1.1em}
.verdict-meaning{color:var(--muted)}
h1{font:500 clamp(1.35rem,1.05rem + 1.5vw,2.05rem)/1.28 Charter,"Iowan Old Style","Source Serif 4","Noto Serif",Georgia,"DejaVu Serif",serif;letter-spacing:-.008em;max-width:38em;text-wrap:pretty}
.reasons{margin-top:1.25rem;max-width:52rem}
.reasons h2{font-size:.875rem;color:var(--muted);font-weight:600;margin-bottom:.25rem;letter-spacing:0}
.reasons ul{padding-left:1.1rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(13.5rem,1fr));gap:1.5rem 2.25rem;margin-top:2.1rem}
.figure dt{font-size:.875rem;color:var(--muted);border-top:1px solid var(--muted);padding-top:.5rem}
.figure dd{margin:0;position:relative}
.figure:target dt{border-top:3px solid var(--link)}
.figure .value{display:block;font-size:2rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;margin:.15rem 0 .35rem}
.figure .value.unmeasured{font-size:1.35rem;line-height:1.78;font-weight:500;color:var(--muted);letter-spacing:0}
.figure .below{font-size:.875rem;line-height:1.45;color:var(--muted);display:block}
.bar{display:block;width:100%;height:6px;margin:0 0 .5rem}
.bar .track{fill:var(--line)}.bar .fill{fill:var(--good)}.bar.fail .fill{fill:var(--bad)}.bar.unknown .fill{fill:var(--unsure)}.bar .goal{fill:var(--ink)}
`

export const MARKS = `
.mark{display:inline-flex;align-items:center;gap:.4em;white-space:nowrap;color:var(--muted);font-weight:600}
.mark svg{width:1em;height:1em;fill:currentColor;flex:none}
.mark svg .ink{fill:none;stroke:var(--on-mark);stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}
.mark.pass{color:var(--good)}.mark.fail{color:var(--bad)}.mark.unknown{color:var(--unsure)}.mark.aborted{color:var(--stopped)}
`

const COLUMNS = `
.columns{max-width:70rem;margin:0 auto;display:grid;grid-template-columns:12.5rem minmax(0,1fr);gap:0 3rem}
nav{font-size:.875rem;padding-top:2.75rem}
nav ol{list-style:none;padding:0;position:sticky;top:1.5rem}
nav a{display:block;padding:.28rem 0;color:var(--muted);text-decoration:none}
nav a[aria-current]{color:var(--ink);font-weight:600}
nav a:hover{color:var(--ink);text-decoration:underline}
main>section{padding:2.5rem 0 1rem}
main>section+section{border-top:1px solid var(--line)}
footer{max-width:70rem;margin:2rem auto 0;padding:1.25rem 0 2.5rem;border-top:1px solid var(--line);font-size:.875rem;color:var(--muted)}
.lead,.answer{max-width:46rem;margin-bottom:1rem}
.note,figcaption{font-size:.875rem;color:var(--muted);max-width:52rem;margin:.6rem 0 0}
.absent{color:var(--muted);background:var(--panel);border-left:3px solid var(--line);padding:.7rem 1rem;margin:.5rem 0 1rem;max-width:52rem}
main ul{padding-left:1.15rem;max-width:52rem}
main li{margin:.2rem 0}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1rem 3rem;align-items:start}
.pair>*{min-width:0}
`

export const TABLES = `
.scroll{overflow-x:auto;margin:1rem 0 1.25rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;line-height:1.4}
.token{white-space:nowrap;overflow-wrap:normal}
.words{overflow-wrap:normal}
caption,.caption>span{text-align:left;font-weight:600;padding:0 0 .45rem;caption-side:top;font-size:.9rem;line-height:1.4}
.caption{margin-top:1.5rem}
.pair .caption{margin-top:0}
.caption+:is(.scroll,table){margin-top:0}
th,td{text-align:left;vertical-align:top;padding:.5rem 1.1rem .5rem 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{font-size:.8rem;color:var(--muted);vertical-align:bottom;padding-top:.2rem;border-bottom-color:var(--muted)}
th:last-child,td:last-child{padding-right:0}
@media (min-width:40.01rem){.checks{table-layout:fixed}.checks :is(th,td):nth-child(1){width:20%}.checks :is(th,td):nth-child(2){width:12%}.checks :is(th,td):nth-child(3),.checks :is(th,td):nth-child(4){width:20%}}
.cards td,.cards th{overflow-wrap:anywhere;min-width:5rem}
.cards .token{overflow-wrap:normal}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tbody th small,td small{display:block}
td .mark{font-weight:600}
.example{overflow-wrap:anywhere;color:var(--muted)}
.sum{max-width:26rem}
.sum th span{display:inline-block;width:1.1em;color:var(--muted)}
.sum tfoot th,.sum tfoot td{border-top:2px solid var(--ink);border-bottom:0;font-weight:650}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:0 2.5rem;margin:1rem 0 1.25rem;font-size:.9rem}
.facts>div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;border-bottom:1px solid var(--line);padding:.4rem 0}
.facts dt{color:var(--muted)}
.facts dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;min-width:0}
.descriptions{display:grid;grid-template-columns:minmax(8rem,15rem) minmax(0,1fr);font-size:.9rem;margin:0 0 1.25rem}
.descriptions dt,.descriptions dd{padding:.4rem 1rem .4rem 0;margin:0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.descriptions dt{color:var(--muted)}
details{margin:1rem 0}
summary{cursor:pointer;color:var(--link);width:fit-content}
.definitions{margin-top:.75rem;max-width:52rem;font-size:.9rem}
.definitions dt{font-weight:600;margin-top:.7rem}
.definitions dd{margin:0;color:var(--muted)}
.keys code{display:inline-block;margin:0 .75rem .2rem 0}
.digest{font-size:.75rem;color:var(--muted)}
.files{list-style:none;padding:0}
.note+.files{margin-top:.9rem}
.files a{display:inline-block;min-width:13rem}
.files span{color:var(--muted)}
`

const FIGURES = `
.embedded .banner,.embedded #criteria>.titled:first-child,.embedded #criteria>.scroll,.embedded nav a[href="#criteria"],.embedded #stopped,.embedded nav a[href="#stopped"],.detached #downloads,.detached nav a[href="#downloads"]{display:none}
figure{margin:0 0 1.5rem}
figure svg{display:block;width:100%;height:auto;overflow:visible}
figure svg text{font-family:inherit!important}
figure svg.narrow{display:none}
.states{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.5rem 0 0}
.states li{display:inline-flex;align-items:center;gap:.4em;margin:0}
.states svg{flex:none;width:22px}
svg.spark{display:block;width:150px;height:34px}
.key{padding:.05em .45em;border-radius:2px;color:var(--ink)}
@media (forced-colors:active){.key{forced-color-adjust:none}}
.key.warm-up{background:var(--shade-warm-up)}.key.outage{background:var(--shade-outage)}.key.recovery{background:var(--shade-recovery)}
`

export const CARDS = `
@media (max-width:40rem){
.cards,.cards tbody,.cards tr,.cards th,.cards td{display:block}
.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cards tr{border-bottom:1px solid var(--line);padding:.6rem 0}
.cards th,.cards td{border:0;padding:.1rem 0;text-align:left;white-space:normal}
.cards th{font-weight:600}
.cards td{display:grid;grid-template-columns:7.5rem minmax(0,1fr);gap:0 .75rem}
.cards td small{grid-column:2}
.cards td::before{content:attr(data-label);color:var(--muted)}
.cards td:empty{display:none}
.cards .token{white-space:normal}
}
`

/** Links and copy buttons are shown on hover and on focus; where there is no pointer that hovers, beside headings and headline figures. */
const ANCHORS = `
.titled{display:flex;align-items:baseline;gap:.5rem}
.anchor{color:var(--muted);text-decoration:none;font-weight:400;font-size:.95rem;line-height:1;padding:.15rem .25rem;margin:-.15rem -.25rem;opacity:0}
.anchor::before{content:"#"}
.anchor:hover{color:var(--link)}
.embedded .anchor,.detached .anchor{display:none}
figure,.fold{position:relative}
:is(figure,.fold)>.anchor{position:absolute;right:100%;top:.2rem;margin:0 .2rem 0 0}
tr[id]>th{position:relative}
tr>th>.anchor{position:absolute;right:.1rem;top:.5rem;margin:0}
dt>.anchor{position:absolute;margin:.15rem 0 0}
.titled+.titled h3{margin-top:.25rem}
:is(figure,.fold,.titled):hover>.anchor,:is(tr:hover>th,:is(.figure,.facts>div):hover>dt)>.anchor,.anchor:focus-visible{opacity:1}
[data-copy]{position:relative;display:inline-block;justify-self:start}
.copy{position:absolute;left:100%;top:50%;translate:0 -50%;width:1.5rem;height:1.5rem;margin:0;padding:0;border:0;background:none;color:var(--muted);cursor:pointer;opacity:0}
.copy:hover{color:var(--link)}
.copy:is(:hover,:focus-visible,:not(:empty)),:is(tr,.figure):hover .copy{opacity:1}
.copy:empty:is(::before,::after){content:"";position:absolute;left:.35rem;top:.35rem;width:.5rem;height:.6rem;border:1.5px solid;border-radius:2px;background:var(--page)}
.copy:empty::after{left:.55rem;top:.55rem}
.copy:not(:empty){left:auto;right:0;width:auto;padding:0 .5rem;z-index:1;border:1px solid var(--line);border-radius:4px;background:var(--page);font:inherit;font-size:.8rem;letter-spacing:0;white-space:nowrap}
:is(tr,.facts>div):target{background:var(--shade-usual)}
:is(figure,.fold>details>div):target{outline:2px solid var(--link);outline-offset:.5rem;border-radius:2px}
.fold>details>div:target{scroll-margin-top:3.5rem}
@media (hover:none){:is(.titled,.figure>dt)>.anchor,.figure .copy{opacity:1}}
`

const SMALL = `
@media (max-width:72rem){.columns,footer{margin:0 1.25rem}}
@media (max-width:60rem){.columns{display:block}nav{padding-top:1.25rem}nav ol{position:static;display:flex;flex-wrap:wrap;gap:0 1.1rem}}
@media (max-width:40rem){th,td{padding-right:.7rem}th small code{display:none}.scroll table:not(.cards):has(thead th:nth-child(6)){min-width:36rem}figure svg.wide{display:none}figure svg.narrow{display:block}.banner{padding-top:1.5rem}.figures{gap:1.1rem}main>section{padding-top:1.75rem}.files span{display:block}}
`

const PRINT = `
@page{margin:16mm 14mm}
@media print{
body{font-size:9.5pt}nav,.skip,.copy,.anchor{display:none}summary{list-style:none;color:inherit;font-weight:600}details::details-content{content-visibility:visible!important;block-size:auto!important}.columns{display:block;margin:0}.banner.banner{padding:0 0 1rem;background:none;border-top-width:.25rem}
.figures{grid-template-columns:repeat(4,1fr);gap:1rem}.figure .value{font-size:1.45rem}
main>section{padding:1.1rem 0 .4rem}h2,h3,.titled{break-after:avoid}tr,figure,.figure{break-inside:avoid}
.scroll{overflow:visible}table{font-size:8pt}a{color:inherit;text-decoration:none}footer{margin-top:1rem;padding:.5rem 0}
figure svg.wide{display:block}figure svg.narrow{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`

export const STYLE = [
  COLOUR_VARIABLES,
  BASICS,
  BANNER,
  MARKS,
  COLUMNS,
  TABLES,
  FIGURES,
  ANCHORS,
  SMALL,
  CARDS,
  PRINT,
].join('')
