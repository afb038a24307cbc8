/**
 * How the report looks: one style sheet, with every colour a custom property that the colour scheme decides.
 *
 * @module
 */
import { DARK, LIGHT, type Palette } from './palette.ts';

/** What of the report's texts the style has to know: how wide they are, in characters. */
export interface TextWidths {
  /** The longest tag of a version. */
  readonly tag: number;
  /** The longest version. */
  readonly version: number;
}

/** A character of a label, in pixels, rather too wide than too narrow. */
const CHARACTER_PX = 7;

const properties = ({ inks, versions }: Palette): string =>
  [
    ...Object.entries(inks).map(([ink, colour]) => `--${ink}:${colour};`),
    ...versions.map((colour, i) => `--v${i}:${colour};`),
  ].join('');

const fills = LIGHT.versions
  .map((_, i) => `.v${i}{fill:var(--v${i});background:var(--v${i});color:var(--version-text)}`)
  .join('\n');

const labelWidth = (characters: number): number => characters * CHARACTER_PX;

/** The style sheet. */
export const style = ({ tag, version }: TextWidths): string => `
:root{color-scheme:light dark;${properties(LIGHT)}
  --gutter:10rem;--ends:3.75rem;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
  --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{${properties(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 var(--sans);font-variant-numeric:tabular-nums}
main{max-width:1240px;margin:0 auto;padding:2.5rem 1.75rem 4rem}
h1,h2,h3,p,dl,dd,ul,figure{margin:0;padding:0}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.75rem 0 .9rem;letter-spacing:-.005em}
h3{font-size:1rem;line-height:1.4}
code{font-family:var(--mono);font-size:.92em;overflow-wrap:anywhere}
small{font-size:.8rem;color:var(--muted)}
.product{color:var(--muted);font-size:.85rem;margin-bottom:.35rem}
.title{display:flex;flex-wrap:wrap;gap:.6rem 1.25rem;align-items:center;justify-content:space-between}
.verdict{font-weight:600;padding:.3rem .9rem;border-radius:99px;white-space:nowrap}
.verdict.good{color:var(--good);background:var(--good-area)}
.verdict.bad{color:var(--bad);background:var(--bad-area)}
.about{margin-top:.5rem;max-width:60rem;color:var(--muted);overflow-wrap:anywhere;text-wrap:pretty}
.facts{display:flex;flex-wrap:wrap;gap:.75rem 2.25rem;margin-top:1.4rem;padding-top:1.1rem;border-top:1px solid var(--rule)}
.facts div{min-width:0}
.facts dt,.figures dt{color:var(--muted);font-size:.8rem}
.facts dd{font-size:.9rem;overflow-wrap:anywhere}
.replay{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem .9rem;margin-top:1.1rem;padding:.6rem 1rem;background:var(--surface);border:1px solid var(--rule);border-radius:10px}
.replay span{color:var(--muted);font-size:.8rem}
.figures{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:1px;margin-top:1rem;background:var(--rule);border:1px solid var(--rule);border-radius:10px;overflow:hidden}
.figures div{background:var(--surface);padding:.85rem 1rem .9rem;min-width:0}
.figures strong{display:block;font-size:1.45rem;font-weight:600;line-height:1.3;letter-spacing:-.01em}
.figures span{display:block;color:var(--muted);font-size:.8rem;line-height:1.35;overflow-wrap:anywhere}
.figures .bad strong{color:var(--bad)}
.sheet{background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:0 1.25rem}
figure{padding:1.35rem 0 1.25rem}
figure+figure{border-top:1px solid var(--rule)}
figcaption{margin-bottom:.8rem}
figcaption p{color:var(--muted);font-size:.85rem;max-width:68rem;overflow-wrap:anywhere;text-wrap:pretty}
.empty{color:var(--muted);font-size:.9rem}
.key{margin-right:.9rem;white-space:normal}
.key i{display:inline-block;width:1.3rem;margin-right:.4rem;vertical-align:middle}
.key-area{height:.7rem;background:var(--measure-area)}
.key-line{border-top:2px solid var(--reference)}
.rows{position:relative;outline-offset:4px}
.rows:focus-visible{outline:2px solid var(--measure)}
.row{display:grid;grid-template-columns:var(--gutter) minmax(0,1fr) var(--ends)}
.row+.row{margin-top:4px}
.row+.row.continued{margin-top:1px}
.row.plot-row+.row.plot-row{margin-top:8px}
.label{display:flex;align-items:center;gap:.4rem;padding-right:.75rem;min-width:0;font-size:.85rem;line-height:1.2}
.label span{flex:0 1 auto;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.label span:empty{display:none}
.label small{flex:0 4 auto;margin-left:auto;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.plot-row .label{flex-direction:column;align-items:flex-start;justify-content:center;gap:.1rem}
.plot-row .label span,.plot-row .label small{margin-left:0;max-width:100%}
.end{position:relative;padding-left:.6rem;font-size:.8rem;line-height:1.2;color:var(--muted);align-self:center;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.plot-row .end{align-self:stretch;overflow:visible}
.scale-top,.scale-zero,.scale-at{position:absolute;left:.6rem}
.scale-top{top:-.15rem}.scale-zero{bottom:-.2rem}.scale-at{transform:translateY(50%)}
.plot{position:relative;min-width:0;background:var(--page)}
.plot svg{display:block;width:100%;height:22px}
.strip .plot svg{height:24px}
.plot-row .plot svg{height:76px}
#gaps .plot svg{height:200px}
path{vector-effect:non-scaling-stroke}
.grid{fill:none;stroke:var(--rule);stroke-width:1}
.shade{fill:var(--fault-area)}
.broken{fill:none;stroke:var(--bad);stroke-width:1}
.measure{fill:var(--measure-area);stroke:var(--measure-area);stroke-width:.75}
.strip .measure{stroke:none}
.reference{fill:none;stroke:var(--reference);stroke-width:1.25}
#gaps .reference{stroke-width:1.5;stroke-dasharray:5 3}
.fault{fill:var(--fault);stroke:var(--fault);stroke-width:.75}
.band{stroke:var(--surface);stroke-width:1}
.band.dense{stroke:none}
.bar{fill:var(--measure-area);stroke:var(--measure);stroke-width:1}
.bar.beyond{fill:var(--fault-area);stroke:var(--fault)}
.longest{fill:none;stroke:var(--text);stroke-width:1}
.fault-area{fill:var(--fault-area)}.operator-area{fill:var(--operator-area)}.violation-area{fill:var(--bad-area)}
.fault-stem,.operator-stem,.violation-stem{fill:none;stroke-width:2.5;stroke:var(--fault)}
.operator-stem{stroke:var(--operator)}.violation-stem{stroke:var(--bad)}
${fills}
.over{position:absolute;inset:0;overflow:hidden;font-size:11px;line-height:22px;pointer-events:none}
.over b{position:absolute;top:0;bottom:0;container-type:inline-size;overflow:hidden;white-space:nowrap;font-weight:400}
.band .over b{top:2px;bottom:2px;line-height:18px;padding-left:5px;background-clip:content-box}
.band .over i{display:none;font-style:normal;font-weight:600}
.band .over span{display:none}
.thin .over b{padding-left:7px}
.thin .over span{display:block;overflow:hidden;text-overflow:ellipsis}
@container (min-width:${labelWidth(tag)}px){.band .over i{display:inline}}
@container (min-width:${labelWidth(tag + 1 + version)}px){.band .over span{display:inline}}
@container (max-width:34px){.thin .over span{display:none}}
.flag{position:absolute;font-style:normal;font-size:.8rem;line-height:1.3;padding:0 .4rem;white-space:nowrap;background:var(--page);margin:0 2px}
.flag.window{color:var(--reference)}.flag.longest{color:var(--text)}
.flag.line-1{top:.35rem}.flag.line-2{top:1.6rem}
.axis .label{font-size:.8rem;color:var(--muted)}
.rows .axis{margin-top:0}
.ticks{position:relative;height:1.6rem;border-top:1px solid var(--rule);font-size:.8rem;color:var(--muted);overflow:hidden}
.ticks span{position:absolute;top:0;padding:.2rem 0 0 .35rem;border-left:1px solid var(--rule);white-space:nowrap;height:100%}
.ticks .major{color:var(--text);border-left-color:var(--muted)}
.narrow{display:none}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:.6rem 0 .2rem var(--gutter);font-size:.85rem}
.legend li{overflow-wrap:anywhere}
.swatch{display:inline-block;min-width:1.5rem;padding:0 .35rem;border-radius:3px;text-align:center;font-style:normal;font-size:.8rem;line-height:1.35rem}
details{margin:.7rem 0 0 var(--gutter);font-size:.9rem}
summary{cursor:pointer;color:var(--muted);width:fit-content}
summary:hover{color:var(--text)}
:focus-visible{outline:2px solid var(--measure);outline-offset:2px}
.scroll{overflow-x:auto;position:relative}
details .scroll{margin-top:.5rem;max-height:26rem;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{padding:.4rem 1.1rem .4rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule);overflow-wrap:anywhere;min-width:4rem}
time{white-space:nowrap}
.many{min-width:34rem}
th{color:var(--muted);font-weight:500;font-size:.8rem;white-space:nowrap}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;padding-right:0;padding-left:1.1rem}
td.more{color:var(--muted)}
section>.scroll{background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:.35rem 1.25rem}
.tables{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:1.25rem;align-items:start}
.tables>div{background:var(--surface);border:1px solid var(--rule);border-radius:10px;padding:1rem 1.25rem .6rem;min-width:0}
.tables h3{margin-bottom:.3rem}
.defs{position:absolute;width:0;height:0}
.pointed .rows::after{content:"";position:absolute;top:0;bottom:0;width:1px;background:var(--text);opacity:.55;pointer-events:none;left:calc(var(--gutter) + (100% - var(--gutter) - var(--ends))*var(--at))}
#tip{position:fixed;z-index:1;top:0;left:0;max-width:min(24rem,calc(100vw - 1rem));padding:.55rem .8rem .6rem;background:var(--surface);color:var(--text);border:1px solid var(--rule);border-radius:8px;box-shadow:0 4px 18px rgb(0 0 0/.22);font-size:.8rem;line-height:1.45;pointer-events:none}
#tip[hidden]{display:none}
#tip p{margin:0 0 .25rem;font-weight:600}
#tip dl{display:grid;grid-template-columns:auto auto;gap:0 1rem}
#tip dt{color:var(--muted);overflow-wrap:anywhere}
#tip dd{text-align:right;overflow-wrap:anywhere}
#tip .here{color:var(--text);font-weight:600}
#tip ul{list-style:none;margin:.3rem 0 0;padding:.3rem 0 0;border-top:1px solid var(--rule)}
footer{margin-top:2.5rem;color:var(--muted);font-size:.8rem}
@media (max-width:900px){.figures{grid-template-columns:repeat(3,minmax(0,1fr))}.tables{grid-template-columns:minmax(0,1fr)}}
@media (max-width:640px){
  :root{--gutter:5.5rem;--ends:3rem}
  main{padding:1.25rem .75rem 2.5rem}
  h1{font-size:1.5rem}
  .facts{gap:.6rem 1.5rem}
  .figures{grid-template-columns:repeat(2,minmax(0,1fr))}
  .sheet{padding:0 .75rem}
  .label{padding-right:.45rem;font-size:.8rem}
  .end{padding-left:.4rem;font-size:.75rem}.scale-top,.scale-zero,.scale-at{left:.4rem}
  .band .label{flex-direction:column;align-items:flex-start;justify-content:center;gap:0;line-height:1.1}
  .band .label span,.band .label small{max-width:100%;margin-left:0}
  .band .label small{font-size:.72rem}
  .band .plot svg{height:28px}.band .over b{line-height:24px}
  .legend{font-size:.78rem;gap:.3rem .8rem}
  .strip .label small{display:none}
  .legend,details{margin-left:0}
  .wide{display:none}.narrow{display:revert}
}
@media print{
  body{background:none;font-size:10pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
  main{max-width:none;padding:0}
  .row,.figures,.facts,tr{break-inside:avoid}
  h2,h3,figcaption{break-after:avoid}
  details:not([open]),#tip{display:none}
  details .scroll{max-height:none}
}
`;
