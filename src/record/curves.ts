/**
 * Measurements of a run as curves: one a series × position × layer, a point a checkpoint in order of stage and step, with
 * the jackknife's replicates where they are paired. What phases, comparisons and the report start from.
 */
import { EigentraceError, nearest } from '../errors.js';
import { canonicalJson } from './json.js';
import type { Listing } from './listing.js';
import type { Flag, Measurement } from './measurement.js';
import { tableEntries, variantsNote, type TableOptions } from './table.js';

/** One checkpoint at one layer. */
export interface CurvePoint {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly tokens: number | null;
  /** By name; null where absent, with the reason in `measurement.reasons`. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** Of this layer and of the checkpoint as a whole. */
  readonly flags: readonly Flag[];
  /** K leave-one-group-out values; null where it was measured without errors. */
  readonly replicates: { readonly rankme: readonly number[]; readonly alpha: readonly (number | null)[] } | null;
  /** The whole measurement, for what else is wanted of it. */
  readonly measurement: Measurement;
}

export interface Curve {
  readonly series: string;
  /** Null for the main request and what adds layers or positions to it. */
  readonly variant: string | null;
  readonly position: string;
  readonly layer: string;
  readonly points: readonly CurvePoint[];
  /** Why replicate k is not the same rows at every point, so that paired errors are not to be had; null when it is. */
  readonly unpaired: string | null;
}

export interface CurveOptions extends TableOptions {
  /** Beside the main request's curves those of every other variant (controls, a sweep's points). Default false. */
  everyVariant?: boolean;
}

/** The curves of a listing, and in words what was left out. A filter that nothing fits is a `usage` error. */
export function curvesOf(listing: Listing, options: CurveOptions = {}): { curves: Curve[]; notes: string[] } {
  const { everyVariant = false, ...selection } = options;
  const { entries, notes } = tableEntries(listing, selection);
  const curves = grouped(entries);
  if (!everyVariant) return { curves, notes };
  const shown = new Set(entries.map(({ measurement }) => measurement.variant));
  const others = new Set(listing.measurements.map(({ measurement }) => measurement.variant));
  for (const variant of others) {
    if (variant === null || shown.has(variant)) continue;
    curves.push(...grouped(tableEntries(listing, { ...selection, variant }).entries));
  }
  return { curves, notes: notes.filter((note) => !note.startsWith(variantsNote)) };
}

function grouped(entries: readonly { measurement: Measurement; layer: string }[]): Curve[] {
  const groups = new Map<string, { measurement: Measurement; layer: string }[]>();
  for (const entry of entries) {
    const { series, position } = entry.measurement;
    const key = JSON.stringify([series, position, entry.layer]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].map((group) => {
    const [{ measurement, layer }] = group as [{ measurement: Measurement; layer: string }];
    const points = group.map((entry) => pointOf(entry.measurement, layer));
    return {
      series: measurement.series,
      variant: points.every((p) => p.measurement.variant === measurement.variant) ? measurement.variant : null,
      position: measurement.position,
      layer,
      points,
      unpaired: unpairedReason(points),
    };
  });
}

/**
 * The curve of each series that is neither a control nor a sweep's point: of the layer and position asked for, else of
 * `final` (or the last layer) and the main request's position. `curves`: those of every variant. `path` is for errors.
 */
export function mainCurves(
  curves: readonly Curve[],
  path: string,
  options: { readonly layer?: string | undefined; readonly position?: string | undefined } = {},
): Curve[] {
  const real = curves.filter((curve) => isReal(curve) && (options.position ?? curve.position) === curve.position);
  return [...new Set(real.map(({ series }) => series))].map((series) => {
    const mine = real.filter((curve) => curve.series === series);
    // The main request's position, where it has several.
    const { position } = mine.find(({ variant }) => variant === null) ?? mine[0]!;
    const layers = new Set(mine.filter((curve) => curve.position === position).map(({ layer }) => layer));
    const layer = options.layer ?? (layers.has('final') ? 'final' : [...layers].at(-1)!);
    const curve = mine.find((c) => c.position === position && c.layer === layer);
    if (curve) return curve;
    const near = nearest(layer, layers).join(', ');
    throw new EigentraceError('usage', `--layer: ${path} has none such, got '${layer}' (expected ${near})`);
  });
}

function isReal({ points }: Curve): boolean {
  const { control, sweep } = points[0]!.measurement;
  return (control ?? null) === null && (sweep ?? null) === null;
}

function pointOf(measurement: Measurement, layer: string): CurvePoint {
  const { stage, revision, step, tokens } = measurement;
  return {
    ...{ stage, revision, step, tokens },
    figures: measurement.layers[layer]!,
    flags: measurement.flags.filter((flag) => flag.layer === undefined || flag.layer === layer),
    replicates: measurement.replicates[layer] ?? null,
    measurement,
  };
}

/** Groups are cut by corpus index, so the same ids in the same order make the same groups, whatever model read them. */
function unpairedReason(points: readonly CurvePoint[]): string | null {
  const measured = points.filter(({ replicates }) => replicates !== null);
  if (measured.length === 0) return 'measured without errors';
  const first = measured[0]!;
  const other = (what: string, value: (point: CurvePoint) => unknown) => {
    const found = measured.find((point) => canonicalJson(value(point)) !== canonicalJson(value(first)));
    return found === undefined
      ? null
      : `${first.revision} and ${found.revision} were measured on different ${what}, so their errors are not paired`;
  };
  return (
    other('groups of rows', ({ replicates }) => replicates!.rankme.length) ??
    // Rows made elsewhere have no corpus that is known: their number is all there is to compare.
    other('rows', ({ measurement, figures }) => measurement.keyParts['corpus'] ?? figures['n'] ?? null)
  );
}
