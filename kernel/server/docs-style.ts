/** The style of the documentation page. */
export const docsStyle = `
:root { --text: #1c2128; --soft: #59636e; --back: #fff; --card: #f6f8fa; --line: #d1d9e0; --accent: #0969da; --read: #1a7f37; --write: #9a6700; --drop: #b3261e }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9198a1; --back: #0d1117; --card: #151b23; --line: #30363d; --accent: #58a6ff; --read: #3fb950; --write: #d29922; --drop: #f85149 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2.5rem 0 .25rem; font-size: 1.25rem } h3 { margin: 1rem 0 .25rem; font-size: .95rem; color: var(--soft) }
p { margin: .25rem 0 .75rem } a { color: var(--accent) } header p, .soft { color: var(--soft) }
input { width: min(24rem, 100%); padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--back); color: inherit; font: inherit }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: 1rem }
details.operation { margin: .4rem 0; border: 1px solid var(--line); border-radius: 6px; background: var(--card) }
summary { padding: .5rem .75rem; cursor: pointer } summary:focus-visible, a:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
.body { padding: 0 .75rem .75rem }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; font-family: ui-monospace, monospace }
.get { color: var(--read) } .post, .put, .patch { color: var(--write) } .delete { color: var(--drop) }
code, pre { font: .875rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere }
pre { margin: .25rem 0; padding: .6rem; overflow: auto; max-height: 24rem; white-space: pre-wrap; border: 1px solid var(--line); border-radius: 6px; background: var(--back) }
table { border-collapse: collapse; width: 100% } th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top } th { color: var(--soft); font-weight: 600 }
td:first-child, td:first-child code { white-space: nowrap; overflow-wrap: normal }
@media (max-width: 40rem) { body { padding: 1rem } summary > .soft { display: block } tr { display: grid; padding: .25rem 0; border-bottom: 1px solid var(--line) } td { padding: 0 .25rem; border: 0 } td:empty { display: none } }
[hidden] { display: none }
`
