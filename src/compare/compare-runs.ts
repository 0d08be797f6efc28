/** Runs compared: which curves of which runs, against which, and whether they may be. What `eigentrace compare` calls. */
import { EigentraceError, nearest } from '../errors.js';
import { curvesOf, listMeasurements, mainCurves, openRun, type Curve, type RunRecord } from '../record/index.js';
import { compareSides, type Comparison } from './compare.js';
import type { Differing } from './differing.js';
import { isLevel, placeOf, sideOf, type Axis, type Side } from './side.js';

export interface CompareOptions {
  /** Figures by name. Default RankMe and α. */
  figures?: readonly string[];
  /** Only this series, stage, layer or position of every run. Default: all series and stages; layer `final`, or the last. */
  series?: string;
  stage?: string;
  layer?: string;
  position?: string;
  /** Default `tokens`, or `steps` where tokens are not known. */
  axis?: Axis;
  /** Compare between checkpoints too: linear in ln x. Default false. */
  interpolate?: boolean;
  /** Compare what was measured differently too. Default false. */
  anyway?: boolean;
  /** What is known of the rows and the runs don't say. Default null. */
  rows?: 'same' | 'disjoint' | null;
  /** Compare one run with its controls of this kind (`shuffled-tokens`, `random-init`, `gaussian`), or `all`. Default all, where it holds any. */
  against?: string;
}

export interface CompareResult {
  /** `controls`: a series against its nulls, the null first; `series`: every other against the first. */
  readonly kind: 'controls' | 'series';
  readonly comparisons: readonly Comparison[];
  readonly notes: readonly string[];
}

interface Read {
  readonly path: string;
  readonly record: RunRecord;
  readonly curves: readonly Curve[];
}

/**
 * One run: its series against their controls, or, where it holds none, its other series against the first. Several runs:
 * every series against the first. Rejects (`usage`) for what was measured differently, and says what, unless `anyway`.
 */
export async function compareRuns(paths: readonly string[], options: CompareOptions = {}): Promise<CompareResult> {
  if (paths.length === 0) throw new EigentraceError('usage', 'RUN: is missing (expected the folder of a run)');
  const notes: string[] = [];
  const reads: Read[] = [];
  for (const path of paths) reads.push(await readRun(path, options, notes));
  const sides = reads.flatMap((read) => {
    const found = sidesOf(read, options);
    if (found.length > 0) return found;
    const message = `${read.path}: holds no measurement that fits (expected a run that trace has measured checkpoints into)`;
    throw new EigentraceError('input', message);
  });
  const named = labelled(sides);
  const { against } = options;
  if (paths.length > 1 && against !== undefined) {
    const message = `--against: compares one run with its own controls, got ${paths.length} runs (expected one RUN)`;
    throw new EigentraceError('usage', message);
  }
  const controls = paths.length === 1 ? named.flatMap((side) => controlsOf(reads[0]!, side, against ?? 'all')) : [];
  if (controls.length > 0) return result('controls', controls, options, notes);
  if (against !== undefined) throw noControl(reads[0]!, against);
  const [first, ...others] = named;
  if (!first || others.length === 0) {
    const what = 'holds one series and no control';
    const message = `${paths[0]}: ${what} (expected a second RUN, several series, or controls: trace --control)`;
    throw new EigentraceError('usage', message);
  }
  const pairs = others.map((other) => [first, other] as const);
  return result('series', pairs, options, notes);
}

function result(
  kind: CompareResult['kind'],
  pairs: readonly (readonly [Side, Side])[],
  options: CompareOptions,
  notes: string[],
): CompareResult {
  const { figures = ['rankme', 'alpha'], interpolate = false, anyway = false, rows = null } = options;
  const comparisons = pairs.map(([a, b]) => {
    refuseFigures(figures, [a, b]);
    const axis = options.axis ?? axisOf(a, b);
    const compared = compareSides(a, b, { figures, axis, interpolate, rows });
    const refused = compared.differing.filter((part) => part.refused);
    if (refused.length > 0 && !anyway && kind === 'series') throw refusal(a, b, refused);
    if (compared.figures.every(({ differences }) => differences.length === 0))
      throw nothingCommon(a, b, axis, interpolate);
    return compared;
  });
  return { kind, comparisons, notes };
}

async function readRun(path: string, options: CompareOptions, notes: string[]): Promise<Read> {
  const { series, stage } = options;
  const run = await openRun(path);
  const listing = await listMeasurements(run);
  const selection = { ...(series === undefined ? {} : { series }), ...(stage === undefined ? {} : { stage }) };
  const { curves, notes: left } = curvesOf(listing, { ...selection, everyVariant: true });
  notes.push(...left.map((note) => `${path}: ${note}`));
  return { path, record: run.record, curves };
}

/** The curve of each series that is neither a control nor a sweep's point. */
function sidesOf({ path, record, curves }: Read, options: CompareOptions): Side[] {
  return mainCurves(curves, path, options).map((curve) => sideOf(curve, path, record, curve.series));
}

/** The nulls of a side, each before it. */
function controlsOf({ path, record, curves }: Read, side: Side, against: string): (readonly [Side, Side])[] {
  return curves.flatMap((curve) => {
    const { control } = curve.points[0]!.measurement;
    if (!control || (against !== 'all' && control.kind !== against)) return [];
    if (curve.series !== side.series) return [];
    // White noise has no layers and no tokens.
    const isNoise = control.kind === 'gaussian';
    if (!isNoise && (curve.layer !== side.layer || curve.position !== side.position)) return [];
    const seed = control.seed === 0 ? '' : `, seed ${control.seed}`;
    return [[sideOf(curve, path, record, `${control.kind}${seed}`), side] as const];
  });
}

/** Labels that tell sides apart: the series, its run where two have one name, and the whole path where that is the same too. */
function labelled(sides: readonly Side[]): Side[] {
  const folder = (path: string): string =>
    path
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1)!;
  const several = (label: (side: Side) => string, side: Side): boolean =>
    sides.filter((other) => label(other) === label(side)).length > 1;
  const short = (side: Side): string => `${side.series} (${folder(side.run)})`;
  return sides.map((side) => {
    if (!several(({ series }) => series, side)) return side;
    return { ...side, label: several(short, side) ? `${side.series} (${side.run})` : short(side) };
  });
}

function axisOf(a: Side, b: Side): Axis {
  const hasTokens = (side: Side): boolean => isLevel(side) || side.points.some(({ tokens }) => tokens !== null);
  return hasTokens(a) && hasTokens(b) ? 'tokens' : 'steps';
}

function refuseFigures(figures: readonly string[], sides: readonly Side[]): void {
  for (const side of sides) {
    const known = new Set(side.points.flatMap((point) => Object.keys(point.figures)));
    for (const figure of figures) {
      if (known.has(figure)) continue;
      const near = nearest(
        figure,
        [...known].filter((name) => !/_(se|deviation_max)$|^[nd]$/.test(name)),
      ).join(', ');
      throw new EigentraceError('usage', `--figure: ${side.label} has none such, got '${figure}' (expected ${near})`);
    }
  }
}

function refusal(a: Side, b: Side, refused: readonly Differing[]): EigentraceError {
  const parts = refused.map((part) => `${part.what}: ${part.a} and ${part.b} (${part.why})`).join('; ');
  const message = `${a.label} and ${b.label} were measured differently, got ${parts} (expected the same; --anyway compares them)`;
  return new EigentraceError('usage', message);
}

function nothingCommon(a: Side, b: Side, axis: Axis, interpolate: boolean): EigentraceError {
  const places = (side: Side): string => {
    const known = side.points.map((point) => placeOf(point, axis)).filter((place) => place !== null);
    return known.length === 0 ? `no ${axis} known` : `${Math.min(...known)}..${Math.max(...known)}`;
  };
  const more = interpolate ? '' : ', or --interpolate to compare between checkpoints';
  const message = `${a.label} and ${b.label} have no checkpoint in common on ${axis}, got ${places(a)} and ${places(b)} (expected the same stage and ${axis}; try another --axis${more})`;
  return new EigentraceError('input', message);
}

function noControl({ path, curves }: Read, against: string): EigentraceError {
  const held = new Set(curves.flatMap(({ points }) => points[0]!.measurement.control?.kind ?? []));
  const expected = held.size > 0 ? [...held].join(', ') : 'one made by trace --control';
  return new EigentraceError(
    'usage',
    `--against: ${path} holds no such control, got ${against} (expected ${expected})`,
  );
}
