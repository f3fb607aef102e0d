/** What a campaign's report adds to the style sheet of reports: the strips of its distributions. */
export const CAMPAIGN_STYLE = `
svg.strip{display:block;width:100%;min-width:13rem;max-width:20rem;height:auto;overflow:visible}
.strip .range{stroke:var(--line);stroke-width:4;stroke-linecap:round}
.strip .median{stroke:var(--ink);stroke-width:1.5}
.strip .point{fill:var(--c-blue);fill-opacity:.8;stroke:var(--page);stroke-width:1}
.strip .bound{fill:var(--c-orange)}
.strip .never{stroke:var(--bad);stroke-width:2.2;stroke-linecap:round}
.strip a:is(:hover,:focus-visible) .point{fill:var(--ink);fill-opacity:1}
`
