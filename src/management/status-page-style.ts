// How the status page looks: light and dark, wide and narrow. It loads nothing.

export const STATUS_PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#f6f8f9;--card:#fff;--ink:#1d2b36;--soft:#566673;--line:#dbe3e8;
--good:#12705f;--good-bg:#d8f0ea;--bad:#a3213a;--bad-bg:#fbe3e6;--run:#1f5fa8;--run-bg:#dfeaf8;--part:#8a5300;
--part-bg:#fbecd2;--focus:#1f5fa8}
@media (prefers-color-scheme:dark){:root{--bg:#10171c;--card:#182229;--ink:#e4ecf1;--soft:#9db0bd;--line:#2b3a44;
--good:#7fdcc6;--good-bg:#123c35;--bad:#ff9eae;--bad-bg:#4a1a24;--run:#9cc6f7;--run-bg:#17324f;--part:#f3c57c;
--part-bg:#45310f;--focus:#9cc6f7}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:900px;margin:0 auto;padding:0 16px}
header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;padding-top:20px}
h1{font-size:22px;margin:0;flex:1 1 auto}
h2{font-size:16px;margin:24px 0 8px}
button,input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;
padding:6px 12px}
button{cursor:pointer}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.soft{color:var(--soft)}
[hidden]{display:none!important}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:8px 0}
.pad{padding:12px 14px}
.trouble{border-color:var(--bad);color:var(--bad)}
#token form{display:flex;flex-wrap:wrap;gap:8px}
#token input{flex:1 1 200px;min-width:0}
#tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:8px;margin-top:12px}
#tiles .card{margin:0}
#tiles b{display:block;font-size:18px;overflow-wrap:anywhere}
.line{display:flex;height:12px;gap:2px}
.line i{border-radius:3px;min-width:4px;background:var(--good)}
.line i.gap{background:repeating-linear-gradient(45deg,var(--bad) 0 2px,transparent 2px 6px)}
#ranges ul{margin:8px 0 0;padding:0;list-style:none}
#ranges li{padding:2px 0}
summary{display:flex;flex-wrap:wrap;gap:2px 12px;align-items:center;padding:10px 14px;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"\\25b8";color:var(--soft)}
details[open]>summary::before{content:"\\25be"}
.id{font-variant-numeric:tabular-nums;font-weight:600;overflow-wrap:anywhere}
.when{flex:1 1 180px}
.state{border-radius:10px;padding:0 10px;font-size:13px;font-weight:600;white-space:nowrap;background:var(--line)}
.COMPLETED{color:var(--good);background:var(--good-bg)}
.FAILED{color:var(--bad);background:var(--bad-bg)}
.IN_PROGRESS{color:var(--run);background:var(--run-bg)}
.INCOMPLETE{color:var(--part);background:var(--part-bg)}
.body{border-top:1px solid var(--line);padding:4px 14px 10px}
.partition{display:grid;grid-template-columns:90px 130px 1fr;gap:2px 12px;padding:8px 0;
border-bottom:1px solid var(--line)}
.partition:last-child{border-bottom:0}
.partition .wide{grid-column:1/-1}
.reason{overflow-wrap:anywhere;white-space:pre-wrap;max-height:12em;overflow:auto}
.advice{border-left:3px solid var(--part);padding-left:10px;margin:4px 0}
progress{width:100%;height:10px;accent-color:var(--run)}
@media (max-width:520px){.partition{grid-template-columns:auto 1fr}.partition .rest{grid-column:1/-1}}
`;
