/** The wallet's style sheet. It is inline, and the Content-Security-Policy allows it by its hash. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fbf7f0;--text:#2a2116;--soft:#6d6151;--line:#e4d8c4;--accent:#a3540a;--on-accent:#fff;--problem:#9a1f2b}
@media(prefers-color-scheme:dark){:root{--page:#1b1610;--text:#f5ecdf;--soft:#bcae9a;--line:#3d3325;--accent:#ffb366;--on-accent:#2e1a04;--problem:#ffb4ab}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
header{display:flex;justify-content:space-between;gap:1rem;padding:.9rem 1.25rem;border-bottom:1px solid var(--line)}
header span,p,dt,legend{color:var(--soft)}
main{max-width:30rem;margin:0 auto;padding:1.25rem}
h1{margin:.5rem 0;font-size:1.4rem}
dl,fieldset,details{margin:0 0 1.25rem;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.8rem}
dt,legend{font-size:.85rem}
dd{margin:0 0 .9rem;font-weight:600;overflow-wrap:anywhere;white-space:pre-line}
dd:last-child{margin-bottom:0}
label{display:flex;gap:.7rem;align-items:center;min-height:2.75rem;overflow-wrap:anywhere}
summary{cursor:pointer}
summary+label{margin-top:.5rem}
input{accent-color:var(--accent);font:inherit}
input[type=text]{flex:1;min-width:0;min-height:2.75rem;padding:0 .7rem;border:1px solid var(--line);border-radius:.5rem;background:transparent;color:inherit}
button{min-height:3rem;padding:0 1.2rem;border:1px solid var(--line);border-radius:.8rem;background:transparent;color:inherit;font:inherit;font-weight:600;cursor:pointer}
button:disabled{opacity:.6;cursor:default}
.actions{position:sticky;bottom:0;padding:.75rem 0 1rem;background:var(--page);display:grid;grid-template-columns:1fr 1fr;gap:.75rem}
.primary{border-color:var(--accent);background:var(--accent);color:var(--on-accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.problem{color:var(--problem)}
`
