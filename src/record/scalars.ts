/**
 * Scalars as experiment trackers take them: a row a checkpoint, a column `geometry/<layer>/<figure>`. `wandb` is JSON lines with
 * `_step`, `trackio` a CSV with `step`, as its import_csv reads it. Both want steps that only grow: those of later stages
 * go on from the last step of the stage before, and the stage's own step stands in `stage_step`.
 */
import { EigentraceError } from '../errors.js';
import type { Listing } from './listing.js';
import { figureColumns, tableRows, type TableOptions, type TableRow } from './table.js';

export const scalarFormats = ['wandb', 'trackio'] as const;
export type ScalarFormat = (typeof scalarFormats)[number];

type Row = Record<string, string | number>;

/** The bytes, and in words what was left out. */
export function encodeScalars(
  listing: Listing,
  format: ScalarFormat,
  options: TableOptions,
): { content: Uint8Array; notes: string[] } {
  const { rows, notes } = tableRows(listing, options);
  const series = [...new Set(rows.map((row) => row.series!))];
  if (series.length > 1) {
    const message = `--format ${format}: one series is one run there, got ${series.length} (expected --series ${series[0]}, then the others)`;
    throw new EigentraceError('usage', message);
  }
  const { scalars, skipped } = scalarsOf(rows);
  if (skipped.length > 0) notes.push(`left out, without a step of their own: ${[...new Set(skipped)].join(', ')}`);
  return { content: Buffer.from(format === 'wandb' ? jsonLines(scalars) : csv(scalars)), notes };
}

function scalarsOf(rows: readonly TableRow[]): { scalars: Row[]; skipped: string[] } {
  const skipped: string[] = [];
  const byPlace = new Map<string, { step: number; row: Row }>();
  let [stage, offset, last] = ['', 0, 0];
  // Rows come in order of stage and step.
  for (const row of rows) {
    if (row.step === null) {
      skipped.push(row.revision!);
      continue;
    }
    if (row.stage !== stage) [stage, offset] = [row.stage!, last];
    const step = offset + row.step;
    last = Math.max(last, step);
    const place = JSON.stringify([row.stage, row.revision]);
    const found = byPlace.get(place) ?? { step, row: headOf(row) };
    byPlace.set(place, found);
    const position = row.position === 'last' ? '' : `${row.position}/`;
    for (const figure of figureColumns) {
      const value = row[figure];
      if (typeof value === 'number') found.row[`geometry/${position}${row.layer}/${figure}`] = value;
    }
  }
  // Branches of a tree share steps: one step holds one row, the first.
  const steps = new Set<number>();
  const scalars = [...byPlace.values()].flatMap(({ step, row }) => {
    if (steps.has(step)) {
      skipped.push(`${row['revision']} (step ${step} is taken)`);
      return [];
    }
    steps.add(step);
    return [{ step, row }];
  });
  return { scalars: scalars.sort((a, b) => a.step - b.step).map(({ step, row }) => ({ step, ...row })), skipped };
}

function headOf({ stage, revision, step, tokens }: TableRow): Row {
  return { stage: stage!, revision: revision!, stage_step: step!, ...(tokens === null ? {} : { tokens }) };
}

function jsonLines(scalars: readonly Row[]): string {
  return scalars.map(({ step, ...row }) => `${JSON.stringify({ _step: step, ...row })}\n`).join('');
}

/** Numbers alone: trackio takes every column but step as a metric. */
function csv(scalars: readonly Row[]): string {
  const names = [...new Set(scalars.flatMap((row) => Object.keys(row)))].filter(
    (name) => name !== 'stage' && name !== 'revision',
  );
  const cell = (value: string | number | undefined) => (value === undefined ? '' : String(value));
  return [names, ...scalars.map((row) => names.map((name) => cell(row[name])))]
    .map((line) => `${line.join(',')}\r\n`)
    .join('');
}
