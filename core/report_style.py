"""The look of reports: one style sheet, light and dark, for screens and for print."""

STYLE = """
:root{color-scheme:light dark;--bg:#f5f5f3;--card:#fff;--ink:#1b1b1a;--soft:#6b6b67;
--s:152px;--line:#e3e2de;--bar:#d9d8d3;--bad:#b3261e;--badbg:#fdf1f0}
@media (prefers-color-scheme:dark){:root{--bg:#151514;--card:#1e1e1d;--ink:#ececea;
--soft:#9c9b96;--line:#323230;--bar:#3c3c39;--bad:#ff8a80;--badbg:#2a1918}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{display:flex;flex-direction:column;gap:20px;max-width:1400px;margin:0 auto;
padding:32px clamp(12px,3vw,40px) 64px}
header{order:-2}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;font-weight:650;letter-spacing:-.01em}
header p{margin:0;color:var(--soft)}
#summary{order:-1;margin-top:-8px}
#summary p{margin:0;color:var(--soft)}
#summary ul{margin:8px 0 0;padding:0;list-style:none}
#summary a,.bad p{color:var(--bad)}
article{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px;
break-inside:avoid}
h2{font-size:16px;font-weight:600;margin:0;overflow-wrap:anywhere}
.facts{margin:0 0 14px;color:var(--soft);font-size:13px}
.bad{background:var(--badbg);border-color:var(--bad);padding:14px 20px}
.bad p,.aside p{margin:2px 0 0}
.aside{padding:10px 20px;color:var(--soft)}
.aside h2{font-weight:500}
table{border-collapse:collapse;margin-top:10px;font-variant-numeric:tabular-nums}
th,td{padding:2px 22px 2px 0;text-align:right}
th{color:var(--soft);font-weight:500;font-size:13px}
th:first-child,td:first-child{text-align:left}
.pair{display:grid;grid-template-columns:minmax(0,6fr) minmax(0,8fr);gap:24px;align-items:start}
@media (max-width:980px){:root{--s:172px}.pair{grid-template-columns:minmax(0,1fr)}}
.twins{display:flex;flex-wrap:wrap;gap:18px 24px;margin-bottom:20px}
.twins figure{flex:0 1 calc(var(--r)*460px);min-width:min(100%,calc(var(--r)*230px))}
.twins .frame{box-shadow:0 0 0 1px var(--line)}
.shots{display:flex;flex-wrap:wrap;gap:18px 16px;align-items:flex-start}
figure{margin:0}
.frame{position:relative;overflow:hidden;border-radius:4px;line-height:0}
.frame img{display:block;width:100%;height:auto}
.main .frame{width:min(100%,calc(var(--r)*70vh))}
.shots figure{width:min(100%,max(124px,calc(var(--q)*var(--s))))}
.shots .frame{width:min(100%,calc(var(--q)*var(--s)));box-shadow:0 0 0 1px var(--line)}
figcaption{margin-top:7px;font-size:13px;line-height:1.4;color:var(--soft);
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
figcaption strong{color:var(--ink);font-weight:600;font-size:14px}
.tag{display:inline-block;min-width:20px;padding:0 6px;border-radius:6px;background:var(--c);
color:#141414;font-weight:650;font-size:12px;line-height:20px;text-align:center;margin-right:7px}
.meter{height:4px;border-radius:2px;background:var(--bar);overflow:hidden;margin:5px 0 4px}
.meter i{display:block;height:100%;background:var(--c)}
.box{position:absolute;border:2px solid var(--c);
box-shadow:0 0 0 1px #0007,inset 0 0 0 1px #0007}
.first{border-width:3px}
.dim{position:absolute;box-shadow:0 0 0 4000px #0006}
.box b{position:absolute;z-index:1;margin:4px;padding:0 5px;min-width:18px;border-radius:5px;
background:var(--c);color:#141414;font:650 12px/18px system-ui,sans-serif;text-align:center;
white-space:nowrap}
@media print{body{background:#fff}article{border-color:#bbb}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
