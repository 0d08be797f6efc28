/**
 * The tidy table: one row a checkpoint × layer × position, in order of stage and step. Columns are those of the
 * interface, in its order. A figure that is absent is null, and `flags` says why after the flags' codes:
 * `small-sample; alpha, alpha_se, r2, r2_100: 64 positive eigenvalues (expected at least 100)`.
 */
import { EigentraceError, nearest } from '../errors.js';
import { differences } from './key.js';
import type { Listing } from './listing.js';
import type { Measurement } from './measurement.js';

type Kind = 'string' | 'integer' | 'number';

/** Columns by name with what they hold, in order. */
export const tableColumns = {
  series: 'string',
  stage: 'string',
  revision: 'string',
  step: 'integer',
  tokens: 'integer',
  layer: 'string',
  position: 'string',
  n: 'integer',
  d: 'integer',
  rankme: 'number',
  rankme_se: 'number',
  rankme_extrapolated: 'number',
  rankme_published: 'number',
  alpha: 'number',
  alpha_se: 'number',
  r2: 'number',
  r2_100: 'number',
  participation_ratio: 'number',
  participation_ratio_unbiased: 'number',
  stable_rank: 'number',
  top1: 'number',
  top10: 'number',
  top50: 'number',
  top100: 'number',
  alpha_1_10: 'number',
  alpha_10_100: 'number',
  alpha_100_1000: 'number',
  mean_norm: 'number',
  mean_cosine: 'number',
  nll: 'number',
  definition: 'string',
  flags: 'string',
  weights_sha256: 'string',
  commit: 'string',
  seconds: 'number',
} as const satisfies Record<string, Kind>;

export type TableColumn = keyof typeof tableColumns;
type Cell<K extends Kind> = K extends 'string' ? string | null : number | null;

/** One row; every column is there, absent values are null. `layer` is `final` or a block number, as a string. */
export type TableRow = { [C in TableColumn]: Cell<(typeof tableColumns)[C]> };

const columnNames = Object.keys(tableColumns) as TableColumn[];
/** The columns that are looked up among a layer's figures: all between `d` and `definition`. */
export const figureColumns = columnNames.slice(columnNames.indexOf('rankme'), columnNames.indexOf('definition'));

/** Which rows; what is left out takes all. */
export interface TableOptions {
  series?: string;
  stage?: string;
  layer?: string;
  /** One variant alone. Default: the main request, and variants that add layers or positions to it and differ in nothing else. */
  variant?: string;
}

/** How the note begins that names the variants left out. */
export const variantsNote = 'left out: variants of the main request';

/** The rows of a listing, and in words what was left out. A filter that nothing fits is a `usage` error. */
export function tableRows(listing: Listing, options: TableOptions = {}): { rows: TableRow[]; notes: string[] } {
  const { entries, notes } = tableEntries(listing, options);
  return { rows: entries.map(({ measurement, layer }) => tableRow(measurement, layer)), notes };
}

/** What the rows are of, in their order. */
export function tableEntries(
  listing: Listing,
  options: TableOptions = {},
): { entries: { measurement: Measurement; layer: string }[]; notes: string[] } {
  const all = listing.measurements.map(({ measurement }) => measurement);
  const notes = listing.problems.map(({ message }) => `left out: ${message}`);
  const known = {
    series: all.map(({ series }) => series),
    stage: all.map(({ stage }) => stage),
    variant: all.flatMap(({ variant }) => variant ?? []),
    layer: all.flatMap(({ layers }) => Object.keys(layers)),
  };
  for (const [option, names] of Object.entries(known)) {
    refuseUnknown(option, options[option as keyof TableOptions], names);
  }
  const chosen = chooseVariants(all, options.variant, notes).filter(
    ({ series, stage }) => series === (options.series ?? series) && stage === (options.stage ?? stage),
  );
  const taken = new Set<string>();
  const entries: { measurement: Measurement; layer: string }[] = [];
  for (const measurement of chosen) {
    const { series, stage, revision, position } = measurement;
    for (const layer of layersInOrder(measurement)) {
      const place = JSON.stringify([series, stage, revision, position, layer]);
      if (layer !== (options.layer ?? layer) || taken.has(place)) continue;
      taken.add(place);
      entries.push({ measurement, layer });
    }
  }
  return { entries, notes };
}

function refuseUnknown(option: string, value: string | undefined, known: string[]): void {
  if (value === undefined || known.includes(value)) return;
  const near = nearest(value, new Set(known)).join(', ') || 'nothing: the run holds no measurement';
  throw new EigentraceError('usage', `--${option}: the run has none such, got '${value}' (expected ${near})`);
}

/** Controls and sweeps are no rows of the main table: they would repeat a checkpoint, layer and position. */
function chooseVariants(all: Measurement[], variant: string | undefined, notes: string[]): Measurement[] {
  if (variant !== undefined) return all.filter((m) => m.variant === variant);
  const place = (m: Measurement) => JSON.stringify([m.series, m.stage, m.revision]);
  const mains = new Map(all.filter((m) => m.variant === null).map((m) => [place(m), m]));
  const others = new Set<string>();
  const chosen = all.filter((m) => {
    if (m.variant === null) return true;
    const isPoint = (m.control ?? null) !== null || (m.sweep ?? null) !== null;
    const main = mains.get(place(m));
    const isMore =
      !isPoint &&
      main !== undefined &&
      differences(main.keyParts, m.keyParts).every((line) => /^(layers|position)\b/.test(line));
    if (!isMore) others.add(m.variant);
    return isMore;
  });
  if (others.size > 0) {
    notes.push(`${variantsNote}, ${[...others].join(', ')} (--variant shows one)`);
  }
  return chosen;
}

/** Blocks by number, then others by name, `final` last. */
function layersInOrder(measurement: Measurement): string[] {
  const rank = (layer: string) => (layer === 'final' ? Infinity : /^\d+$/.test(layer) ? Number(layer) : 1e9);
  return Object.keys(measurement.layers).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The row of a measurement's layer. */
export function tableRow(measurement: Measurement, layer: string): TableRow {
  const { provenance, definitions } = measurement;
  const figures = measurement.layers[layer]!;
  const values = Object.fromEntries(
    figureColumns.map((name) => [name, (name === 'nll' ? measurement.nll?.value : figures[name]) ?? null]),
  );
  const row = {
    series: measurement.series,
    stage: measurement.stage,
    revision: measurement.revision,
    step: measurement.step,
    tokens: measurement.tokens,
    layer,
    position: measurement.position,
    n: figures['n'] ?? null,
    d: figures['d'] ?? null,
    ...values,
    definition: definitions.ids.join('; '),
    flags: flagsOf(measurement, layer, values),
    weights_sha256: provenance.weights?.sha256 ?? null,
    commit: provenance.commit,
    seconds: provenance.seconds?.total ?? null,
  };
  return row as TableRow;
}

function flagsOf(measurement: Measurement, layer: string, values: Record<string, number | null>): string {
  const codes = measurement.flags.flatMap((f) => (f.layer === undefined || f.layer === layer ? [f.code] : []));
  const namesByReason = new Map<string, string[]>();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null) continue;
    const reason = reasonOf(measurement, layer, name);
    namesByReason.set(reason, [...(namesByReason.get(reason) ?? []), name]);
  }
  const absent = [...namesByReason].map(([reason, names]) => `${names.join(', ')}: ${reason}`);
  return [...new Set(codes), ...absent].join('; ');
}

function reasonOf(measurement: Measurement, layer: string, name: string): string {
  const reasons = measurement.reasons[layer] ?? {};
  const base = name.replace(/_se$/, '');
  const reason = reasons[name] ?? reasons[base];
  if (reason !== undefined) return reason;
  if (name === 'nll' && measurement.nll === null) return 'not asked for';
  return name !== base && measurement.replicates[layer] === undefined ? 'measured without errors' : 'not measured';
}
