/**
 * The table at the end of a trace: a row a checkpoint with RankMe ± SE, α ± SE, r², N and flags, aligned at the decimal
 * point, a row of sparklines below, then what is absent or failed and why, and what the flags mean. 100 columns at most.
 */
import { pad, widthOf, type Column } from './columns.js';
import { codeOf, meaningOf } from './flags.js';
import { absent, count, cut, decimalsOf, plusMinus, si, wrap, lengthOf } from './format.js';
import { layerTable, mainLayer } from './layer-table.js';
import type { CheckpointResult } from './library.js';
import { sparkline } from './sparkline.js';
import { printable, type Style } from './style.js';

const gap = '  ';
const sparkWidth = 16;

interface FigureColumn {
  head: string;
  /** Name of the figure in a measurement. */
  name: string;
  decimals: number;
  /** Characters of sparkline at most. */
  spark: number;
}

/** The whole text, line ends included. */
export function resultsTable(results: readonly CheckpointResult[], style: Style, limit = 100): string {
  if (results.length === 0) return 'no checkpoints\n';
  const layer = mainLayer(results);
  const figure = (result: CheckpointResult, name: string) => result.layers[layer]?.[name] ?? null;
  const all = (name: string) => results.map((result) => figure(result, name));
  const several = new Set(results.map((r) => r.stage)).size > 1;

  const figures: FigureColumn[] = [
    { head: 'RankMe', name: 'rankme', decimals: decimalsOf(all('rankme_se'), 1), spark: sparkWidth },
    { head: 'α', name: 'alpha', decimals: decimalsOf(all('alpha_se'), 2), spark: sparkWidth },
    { head: 'r²', name: 'r2', decimals: 3, spark: 8 },
    { head: 'nll', name: 'nll', decimals: 3, spark: 8 },
  ].filter(({ name }) => name !== 'nll' || all('nll').some((v) => v !== null));

  const names = results.map((r) => (several ? '  ' : '') + cut(printable(r.revision), 30, 'middle'));
  const left: Column[] = [
    { head: 'revision', side: 'left', cells: [...names, several ? '  trend' : 'trend'] },
    { head: 'tokens', side: 'right', cells: results.map((r) => (r.tokens === null ? absent : si(r.tokens))) },
  ];
  const columns: Column[] = [
    ...left,
    ...figures.map(({ head, name, decimals, spark }) => ({
      head,
      side: 'right' as const,
      cells: figureCells(all(name), all(`${name}_se`), decimals),
      least: Math.min(spark, results.length),
    })),
    { head: 'N', side: 'right', cells: results.map((r) => (r.state === 'failed' ? '' : String(r.n))) },
  ];
  const widths = columns.map(widthOf);
  const before = (upTo: number) => widths.slice(0, upTo).reduce((sum, w) => sum + w + gap.length, 0);
  const flagRoom = Math.max(12, limit - before(columns.length));
  const quiet = results.some((r) => r.state === 'reused') && results.some((r) => r.state !== 'reused');

  const lines = [style.bold([...columns.map((c, i) => pad(c.head, widths[i]!, c.side)), 'flags'].join(gap).trimEnd())];
  let stage: string | null = null;
  results.forEach((result, row) => {
    if (several && result.stage !== stage) lines.push(style.dim(printable(result.stage)));
    stage = result.stage;
    const cells = columns.map((c, i) => pad(c.cells[row]!, widths[i]!, c.side));
    if (result.state === 'failed') {
      const reason = cut(oneLine(`failed: ${result.error ?? 'no reason given'}`), limit - before(2));
      lines.push([...cells.slice(0, 2), style.bad(reason)].join(gap));
      return;
    }
    const flags = wrap(codesOf(result).map(printable).join(' '), flagRoom);
    const mark = quiet && result.state === 'reused' ? [style.dim('reused')] : [];
    const last = [...(flags[0] === '' ? [] : [flags[0]!]), ...mark].join(' ');
    lines.push([...cells, last].join(gap).trimEnd());
    for (const more of flags.slice(1)) lines.push(' '.repeat(before(columns.length)) + more);
  });

  if (results.length > 2) {
    const sparks = figures.map(({ name }, i) => {
      const width = widths[left.length + i]!;
      const values = all(name);
      return pad(values.some((v) => v !== null) ? sparkline(values, width) : '', width, 'right');
    });
    const head = [pad(left[0]!.cells.at(-1)!, widths[0]!, 'left'), ' '.repeat(widths[1]!)];
    lines.push(style.dim([...head, ...sparks].join(gap).trimEnd()));
  }
  const parts = [lines];
  const layers = layerTable(results, limit, style);
  if (layers.length > 0) parts.push(layers);
  const notes = [
    ...absentNotes(results, layer, figures),
    ...failureNotes(results, limit - before(2)),
    ...flagNotes(results),
  ];
  if (layer !== 'final') notes.unshift(`figures of layer ${layer}, before the final norm`);
  if (notes.length > 0) parts.push(notes.flatMap((note) => hanging(note, limit)));
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`;
}

/** Values to fixed decimals and their errors, each part padded, so that the points stand below one another. */
function figureCells(values: (number | null)[], errors: (number | null)[], decimals: number): string[] {
  const tails = values.map((v, i) => (v === null ? '' : plusMinus(errors[i], decimals)));
  const tail = Math.max(...tails.map(lengthOf));
  return values.map((v, i) => {
    // The dash of an absent figure stands left of the point, where the units would.
    if (v === null) return absent + ' '.repeat(decimals + 1 + (tail > 0 ? tail + 1 : 0));
    return v.toFixed(decimals) + (tail > 0 ? ` ${tails[i]!.padStart(tail)}` : '');
  });
}

/** `α, r² –: why (step0, step1)`, one line a reason. */
function absentNotes(results: readonly CheckpointResult[], layer: string, figures: readonly FigureColumn[]): string[] {
  const reasons = new Map<string, { heads: Set<string>; revisions: Set<string> }>();
  for (const result of results) {
    if (result.state === 'failed') continue;
    for (const { head, name } of figures) {
      if ((result.layers[layer]?.[name] ?? null) !== null) continue;
      const reason = oneLine(result.reasons?.[layer]?.[name] ?? reasonFor(name, result.flags));
      const entry = reasons.get(reason) ?? { heads: new Set(), revisions: new Set() };
      reasons.set(reason, entry);
      entry.heads.add(head);
      entry.revisions.add(printable(result.revision));
    }
  }
  return [...reasons].map(
    ([reason, { heads, revisions }]) => `${[...heads].join(', ')} ${absent}: ${reason} (${some([...revisions])})`,
  );
}

const explains: Record<string, RegExp> = {
  rankme: /finite|constant|rows/,
  alpha: /alpha|few-eigenvalues|eigenvalue/,
  r2: /r2|flat|alpha|few-eigenvalues|eigenvalue/,
  nll: /nll/,
};

function reasonFor(name: string, flags: readonly string[]): string {
  const flag = flags.find((f) => explains[name]?.test(f));
  if (flag === undefined) return 'absent; the measurement says why';
  return meaningOf(flag) ?? codeOf(flag);
}

/** Reasons that did not fit into their row. */
function failureNotes(results: readonly CheckpointResult[], room: number): string[] {
  return results
    .filter((r) => r.state === 'failed')
    .filter((r) => lengthOf(oneLine(`failed: ${r.error ?? ''}`)) > room)
    .map((r) => `${printable(r.revision)} failed: ${oneLine(r.error ?? '')}`);
}

/** What each flag means, once, and how many rows carry it. */
function flagNotes(results: readonly CheckpointResult[]): string[] {
  const rows = results.filter((r) => r.state !== 'failed');
  const codes = new Set(rows.flatMap(codesOf));
  return [...codes].flatMap((code) => {
    const flag = rows.flatMap((r) => r.flags).find((f) => codeOf(f) === code) ?? code;
    const meaning = meaningOf(flag);
    if (meaning === null) return [];
    return [
      `${oneLine(code)} (${rows.filter((r) => codesOf(r).includes(code)).length} of ${rows.length}): ${oneLine(meaning)}`,
    ];
  });
}

/** The flags' codes of a row, each once however many layers carry it. */
function codesOf(result: CheckpointResult): string[] {
  return [...new Set(result.flags.map(codeOf))];
}

function some(names: readonly string[]): string {
  if (names.length <= 4) return names.join(', ');
  return `${names.slice(0, 3).join(', ')} and ${count(names.length - 3, 'other')}`;
}

function oneLine(text: string): string {
  return printable(text).replace(/\s*\n\s*/g, ' ');
}

function hanging(note: string, limit: number): string[] {
  return wrap(note, limit - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
}
