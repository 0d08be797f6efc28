/** The whole document of a report: one file that opens from disk, offline, and lets nothing in from outside. */
import { createHash } from 'node:crypto';
import type { PackedSpectra, Story } from '../story/index.js';
import type { Bundle } from './bundle.js';
import { Html, markup, jsonForScript, programForScript } from './html.js';
import type { DrawTrajectory } from './static-chart.js';
import { descriptionOf, staticPage } from './static-page.js';

export interface DocumentParts {
  readonly story: Story;
  readonly spectra: readonly PackedSpectra[];
  readonly title: string;
  readonly bundle: Bundle;
  /** Names what the report was made from: see `refreshReport`. Default: nothing. */
  readonly state?: string;
  /** Draws the charts that stand there without the program. Default: none do. */
  readonly draw?: DrawTrajectory;
}

/** Name of the meta element that says what a report was made from. */
export const stateName = 'eigentrace-state';

export function reportDocument({ story, spectra, title, bundle, state = '', draw }: DocumentParts): string {
  const program = programForScript(bundle.program);
  const hash = createHash('sha256').update(program.text).digest('base64');
  // Styles may stand inline (charts set them); the one program is named by its hash, and there is no network.
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // Not a character may stand between the program and its element: the hash covers all that does.
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="${stateName}" content="${state}">
<meta name="generator" content="eigentrace ${story.version}">
<meta name="description" content="${descriptionOf(story)}">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(bundle.style.replace(/<\/(style)/gi, '<\\/$1'))}</style>
<style>${new Html(staticStyle)}</style>
</head>
<body>
<div id="page">${staticPage(story, title, draw)}</div>
<script type="application/json" id="story">${jsonForScript(story)}</script>
<script type="application/json" id="spectra">${jsonForScript(spectra)}</script>
<script>${program}</script>
</body>
</html>
`;
  return page.text;
}

/** For the content that stands there until the program runs; colours are the page's own where it has them. */
const staticStyle = `
.static{max-width:72rem;margin:0 auto;padding:1rem;font-family:system-ui,sans-serif;line-height:1.5}
.static p,.static li{max-width:75ch}
.static .finding{font-size:1.25rem}
.static .facts,.static .made,.static caption,.static dt{color:var(--ink-2,#535b65)}
.static .warnings{border-left:3px solid var(--warn,#9a5b00);padding-left:1.5rem}
.static svg{max-width:100%;height:auto}
.static table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.875rem;display:block;overflow-x:auto}
.static caption{text-align:left}
.static td,.static th{padding:.125rem .75rem .125rem 0;text-align:right;font-weight:400;white-space:nowrap}
.static td:first-child,.static th[scope=row],.static td:last-child,.static thead th:first-child{text-align:left}
.static pre{overflow-x:auto}
.static dd{margin:0 0 .5rem;overflow-wrap:anywhere}
`;
