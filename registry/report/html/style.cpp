#include "report/html/style.hpp"

#include "plot/palette.hpp"

namespace vaso::report {
namespace {

constexpr const char* rules = R"css(
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:0 1.25rem 3rem;max-width:72rem;background:var(--vaso-paper);color:var(--vaso-ink);
  font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;overflow-wrap:break-word}
a{color:var(--vaso-blue);text-underline-offset:.15em}
header{padding:2.5rem 0 1rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;font-weight:650}
h2{font-size:1.35rem;margin:0 0 .75rem;font-weight:650}
h3{font-size:1.05rem;margin:1.75rem 0 .5rem;font-weight:650}
p,ul,ol,dl{margin:.5rem 0 .75rem}
.question{font-size:1.15rem;max-width:46rem;margin:.25rem 0 1rem}
.note,figcaption,.caption,footer{color:var(--vaso-faint);font-size:.875rem}
.caption{max-width:60rem}
section{border-top:1px solid var(--vaso-grid);padding:1.75rem 0 .75rem;scroll-margin-top:.5rem}
nav ol{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:0 0 1.5rem;font-size:.95rem}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem}
dl.facts dt{color:var(--vaso-faint)} dl.facts dd{margin:0;min-width:0}
.wide{overflow-x:auto;margin:.5rem 0 1rem;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-size:.925rem;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .9rem .35rem 0;text-align:left;vertical-align:top}
th:last-child,td:last-child{padding-right:0}
thead th{border-bottom:1px solid var(--vaso-faint);vertical-align:bottom;font-weight:600;white-space:nowrap}
tbody tr+tr>*{border-top:1px solid var(--vaso-grid)}
tbody th{font-weight:400}
td.number,th.number{text-align:right;white-space:nowrap}
td small{display:block;color:var(--vaso-faint);font-size:.8rem}
tr.baseline th{font-weight:600}
.best{font-weight:700} .second{text-decoration:underline;text-underline-offset:.2em}
.missing{color:var(--vaso-faint)}
.chip{display:inline-block;margin:0 .35rem .25rem 0;padding:0 .45rem;border:1px solid var(--vaso-grid);border-radius:.7rem;
  font-size:.8rem;line-height:1.5;white-space:nowrap;color:inherit;text-decoration:none}
.chip.finished{border-color:var(--vaso-blue)}
.chip.failed,.chip.interrupted{border-color:var(--vaso-vermilion);border-width:2px}
.chip.running{border-style:dashed;border-color:var(--vaso-blue)}
.chip.never{color:var(--vaso-faint);border-style:dotted}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr));gap:1.25rem 2rem;margin:1rem 0}
figure{margin:0}
figure.plot svg{display:block;width:100%;height:auto;max-width:34rem}
figure.plot figcaption{padding:.1rem .5rem 0}
a.file{color:inherit}
figure.sheet{margin:.5rem 0 1.25rem} figure.sheet img{max-width:100%;height:auto;display:block;background:#fff}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));gap:1.25rem 2rem}
.case .panels{display:grid;grid-template-columns:repeat(4,1fr);gap:3px}
.case .panel{min-width:0;font-size:.75rem;line-height:1.3;color:var(--vaso-faint)}
.case svg{display:block;width:100%;height:auto;background:#000}
.case figcaption{margin-bottom:.25rem;color:inherit}
code{font:.85em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem;padding:.6rem .8rem;border:1px solid var(--vaso-grid);border-radius:.3rem;margin:.5rem 0}
code.command{display:block;padding:.35rem .6rem;border:1px solid var(--vaso-grid);border-radius:.3rem;overflow-wrap:anywhere;
  user-select:all;-webkit-user-select:all}
details{margin:.4rem 0}
summary{cursor:pointer} summary:hover{color:var(--vaso-blue)}
details>*:not(summary){margin-left:1rem}
.audit li{margin:.35rem 0}
:target{scroll-margin-top:1rem} tr:target{outline:2px solid var(--vaso-blue);outline-offset:2px}
@media (max-width:40rem){
  body{padding:0 .9rem 2rem} header{padding-top:1.5rem} h1{font-size:1.5rem}
  dl.facts{grid-template-columns:1fr;gap:0} dl.facts dd{margin-bottom:.4rem}
  .case .panels{grid-template-columns:repeat(2,1fr)}
  details>*:not(summary){margin-left:.4rem}
  table{font-size:.85rem} th,td{padding-right:.6rem}
  .wide>table>*>tr>th:first-child{position:sticky;left:0;background:var(--vaso-paper);max-width:9rem;overflow-wrap:break-word}
}
@media print{
  body{max-width:none;font-size:10pt;padding:0} nav,script{display:none} a{color:inherit;text-decoration:none}
  .wide{overflow:visible} figure,.case,tr{break-inside:avoid} h2,h3{break-after:avoid}
  .plots{grid-template-columns:1fr 1fr} section{padding-top:1rem}
}
)css";

}  // namespace

std::string style_sheet() { return plot::palette_css(":root") + rules; }

}  // namespace vaso::report
