/**
 * One curve of a comparison: a series (or one of its controls) at one layer and position, from one run, with what must
 * agree for two of them to be comparable.
 */
import type { Curve, CurvePoint, Measurement, RunRecord } from '../record/index.js';

/** What x is: training tokens, steps, or 6 · parameters · tokens. */
export type Axis = 'tokens' | 'steps' | 'compute';

/** Corpus row numbers that a request used, and of which corpus; null where not known. */
export interface Rows {
  readonly corpus: string | null;
  readonly rows: readonly number[] | null;
}

export interface Side {
  /** Tells it from the others: `sample-neox-0.9m`, or with its run where two have that name. */
  readonly label: string;
  readonly run: string;
  readonly series: string;
  readonly layer: string;
  readonly position: string;
  readonly variant: string | null;
  readonly control: NonNullable<Measurement['control']> | null;
  readonly points: readonly CurvePoint[];
  readonly rows: Rows;
}

export function sideOf(curve: Curve, run: string, record: RunRecord, label: string): Side {
  const { series, layer, position, variant, points } = curve;
  const request = record.requests.find((r) => r.series.name === series && r.variant === variant);
  const control = points[0]?.measurement.control ?? null;
  return {
    ...{ label, run, series, layer, position, variant, control, points },
    rows: { corpus: request?.corpus.sha256 ?? null, rows: request?.corpus.rows ?? null },
  };
}

/** Whether it is one measurement of no checkpoint (random weights, white noise), a level beside a whole curve. */
export function isLevel({ control, points }: Side): boolean {
  return control !== null && points.length === 1 && points[0]!.step === null;
}

/** Place of a point on an axis; null where it isn't known. */
export function placeOf(point: CurvePoint, axis: Axis): number | null {
  if (axis === 'steps') return point.step;
  if (axis === 'tokens' || point.tokens === null) return point.tokens;
  const parameters = point.measurement.provenance.model?.parameters ?? null;
  return parameters === null ? null : 6 * parameters * point.tokens;
}

/** A value that all points of a side share, or null where they differ. */
export function shared<T>(side: Side, value: (point: CurvePoint) => T): T | null {
  const [first, ...others] = side.points;
  if (!first) return null;
  const found = value(first);
  return others.every((point) => JSON.stringify(value(point)) === JSON.stringify(found)) ? found : null;
}
