/**
 * The table at the end of a trace: a row a checkpoint with RankMe ± SE, α ± SE, r², N and flags, aligned at the decimal
 * point, a row of sparklines below, then what is absent or failed and why, and what the flags mean. 100 columns at most.
 */
import { pad, widthOf, type Column } from './columns.js';
import { meaningOf } from './flags.js';
import { absent, count, cut, decimalsOf, plusMinus, si, wrap, lengthOf } from './format.js';
import { layerTable, mainLayer } from './layer-table.js';
import type { CheckpointResult } from './library.js';
import { sparkline } from './sparkline.js';
import { printable, type Style } from './style.js';

const gap = '  ';
/** Fits the longest flag, `few-rows-dominate`. */
const leastFlagRoom = 17;

const leastNameRoom = 12;

interface FigureColumn {
  head: string;
  /** Name of the figure in a measurement. */
  name: string;
  decimals: number;
  /** Characters of sparkline at most. */
  spark: number;
}

/** The whole text, line ends included. `phases` names the phase of each row (`''`: none); it is left out where it doesn't fit. */
export function resultsTable(
  results: readonly CheckpointResult[],
  style: Style,
  limit = 100,
  phases: readonly string[] = [],
  lead = { head: 'revision', tokens: true },
): string {
  if (results.length === 0) return 'no checkpoints\n';
  const isNamed = limit >= 100 && phases.some((name) => name !== '');
  const layer = mainLayer(results);
  const figure = (result: CheckpointResult, name: string) => result.layers[layer]?.[name] ?? null;
  const all = (name: string) => results.map((result) => figure(result, name));
  const several = new Set(results.map((r) => r.stage)).size > 1;

  const hasNll = all('nll').some((v) => v !== null);
  // Wider than their figures, so that a curve is seen; a narrow terminal has no room for that.
  const spark = limit < 100 ? 0 : hasNll || isNamed ? 12 : 16;
  const figures: FigureColumn[] = [
    { head: 'RankMe', name: 'rankme', decimals: decimalsOf(all('rankme_se'), 1), spark },
    { head: 'α', name: 'alpha', decimals: decimalsOf(all('alpha_se'), 2), spark },
    { head: 'r²', name: 'r2', decimals: 3, spark: spark / 2 },
    ...(hasNll ? [{ head: 'nll', name: 'nll', decimals: 3, spark: spark / 2 }] : []),
  ];
  const right: Column[] = [
    ...(lead.tokens ? [tokensOf(results)] : []),
    ...figures.map(({ head, name, decimals, spark: least }) => ({
      head,
      side: 'right' as const,
      cells: figureCells(all(name), all(`${name}_se`), decimals),
      least: Math.min(least, results.length),
    })),
    { head: 'N', side: 'right', cells: results.map((r) => (r.state === 'failed' ? '' : String(r.n))) },
  ];
  const takenBy = (some: readonly Column[]) =>
    some.reduce((sum, column) => sum + gap.length + widthOf(column), gap.length);
  const phase: Column = { head: 'phase', side: 'left', cells: [...phases] };
  if (isNamed && takenBy([...right, phase]) + leastNameRoom + leastFlagRoom <= limit) right.push(phase);
  const taken = takenBy(right);
  /** Columns before the figures. */
  const leading = lead.tokens ? 2 : 1;
  const indent = several ? '  ' : '';
  const nameRoom = Math.min(30, Math.max(leastNameRoom, limit - taken - leastFlagRoom)) - indent.length;
  const names = results.map((r) => indent + cut(printable(r.revision), nameRoom, 'middle'));
  const columns: Column[] = [{ head: lead.head, side: 'left', cells: [...names, `${indent}trend`] }, ...right];
  const widths = columns.map(widthOf);
  const before = (upTo: number) => widths.slice(0, upTo).reduce((sum, w) => sum + w + gap.length, 0);
  const flagRoom = Math.max(leastFlagRoom, limit - before(columns.length));
  const mixed = results.some((r) => r.state === 'reused') && results.some((r) => r.state !== 'reused');

  const lines = [style.bold([...columns.map((c, i) => pad(c.head, widths[i]!, c.side)), 'flags'].join(gap).trimEnd())];
  let stage: string | null = null;
  results.forEach((result, row) => {
    if (several && result.stage !== stage) lines.push(style.dim(printable(result.stage)));
    stage = result.stage;
    const cells = columns.map((c, i) => pad(c.cells[row]!, widths[i]!, c.side));
    if (result.state === 'failed') {
      const reason = cut(oneLine(`failed: ${result.error ?? 'no reason given'}`), limit - before(leading));
      lines.push([...cells.slice(0, leading), style.bad(reason)].join(gap));
      return;
    }
    const reused = mixed && result.state === 'reused';
    const words = [...result.flags.map(printable), ...(reused ? ['reused'] : [])];
    const flags = wrap(words.join(' '), flagRoom);
    if (reused) flags.push(flags.pop()!.replace(/reused$/, style.dim('reused')));
    lines.push([...cells, flags[0]].join(gap).trimEnd());
    for (const more of flags.slice(1)) lines.push(' '.repeat(before(columns.length)) + more);
  });

  if (results.length > 2) {
    const sparks = figures.map(({ name }, i) => {
      const width = widths[leading + i]!;
      const values = all(name);
      return pad(values.some((v) => v !== null) ? sparkline(values, width) : '', width, 'right');
    });
    const head = [pad(`${indent}trend`, widths[0]!, 'left'), ...(lead.tokens ? [' '.repeat(widths[1]!)] : [])];
    lines.push(style.dim([...head, ...sparks].join(gap).trimEnd()));
  }
  const parts = [lines];
  const layers = layerTable(results, limit, style);
  if (layers.length > 0) parts.push(layers);
  const notes = [
    ...absentNotes(results, layer, figures),
    ...failureNotes(results, limit - before(leading)),
    ...flagNotes(results),
  ];
  if (layer !== 'final') notes.unshift(`figures of layer ${layer}, before the final norm`);
  if (notes.length > 0) parts.push(notes.flatMap((note) => hanging(note, limit)));
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`;
}

function tokensOf(results: readonly CheckpointResult[]): Column {
  const cells = results.map((r) => (r.tokens === null ? absent : si(r.tokens)));
  return { head: 'tokens', side: 'right', cells };
}

/** Values to fixed decimals and their errors, each part padded, so that the points stand below one another. */
export function figureCells(values: (number | null)[], errors: (number | null)[], decimals: number): string[] {
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
      const reason = oneLine(result.reasons[layer]?.[name] ?? 'absent from the measurement');
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
  const codes = new Set(rows.flatMap((r) => r.flags));
  return [...codes].flatMap((code) => {
    const meaning = meaningOf(code);
    if (meaning === null) return [];
    return [
      `${oneLine(code)} (${rows.filter((r) => r.flags.includes(code)).length} of ${rows.length}): ${oneLine(meaning)}`,
    ];
  });
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
