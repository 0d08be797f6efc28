/**
 * A run's sweeps put together again: each point of one is a series of its own in the story, and a reader wants the figure
 * against what was varied. What is told of a sweep in words is here too.
 */
import { figureCurve } from './curve.js';
import { withError } from './format.js';
import type { CheckpointStory, RunStory, SeriesStory } from './story.js';

export const sweepKinds = ['n', 'length', 'corpus', 'layer', 'position'] as const;
export type SweepKind = (typeof sweepKinds)[number];

/** One thing varied for one series; the others stayed as they were. */
export interface SweepStory {
  readonly name: string;
  readonly over: SweepKind;
  /** One a checkpoint, in order of training. */
  readonly lines: readonly SweepLine[];
}

export interface SweepLine {
  readonly checkpoint: CheckpointStory;
  /** In order of the value. */
  readonly points: readonly SweepPoint[];
}

export interface SweepPoint {
  readonly value: number | string;
  readonly series: SeriesStory;
  /** Index of the checkpoint in the point's series, and the layer that is read. */
  readonly at: number;
  readonly layer: string;
}

/** Of the series of this name. `layer`: which to read where points hold it; else the last that a point has. */
export function sweepsOf(run: RunStory, name: string, layer = 'final'): SweepStory[] {
  return sweepKinds.flatMap((over) => {
    const variants = run.series
      .filter((series) => series.name === name && series.sweep?.over === over)
      .sort((a, b) => byValue(a.sweep!.value, b.sweep!.value));
    const checkpoints = new Map<string, CheckpointStory>();
    // From the point that has most of them on, which has them in order of training.
    const fullest = [...variants].sort((a, b) => b.checkpoints.length - a.checkpoints.length);
    for (const { checkpoints: all } of fullest) for (const one of all) checkpoints.set(keyOf(one), one);
    const lines = [...checkpoints.values()].map((checkpoint) => ({
      checkpoint,
      points: variants.flatMap((series): SweepPoint[] => {
        const at = series.checkpoints.findIndex((other) => keyOf(other) === keyOf(checkpoint));
        const own = series.layers.includes(layer) ? layer : series.layers.at(-1);
        return at < 0 || own === undefined ? [] : [{ value: series.sweep!.value, series, at, layer: own }];
      }),
    }));
    return lines.length === 0 ? [] : [{ name, over, lines }];
  });
}

/** The point to read where a run holds nothing but sweeps: of the most sequences, else the last of another. */
export function fullestPoint(series: readonly SeriesStory[]): SeriesStory | undefined {
  const points = series.filter(({ sweep, control }) => sweep && control === null);
  for (const over of sweepKinds) {
    const [last] = points
      .filter(({ sweep }) => sweep!.over === over)
      .sort((a, b) => byValue(b.sweep!.value, a.sweep!.value));
    if (last) return last;
  }
  return points[0];
}

/** A figure of a point with its standard error. */
export function sweptFigure(
  point: SweepPoint,
  figure: 'rankme' | 'alpha',
): { value: number | null; se: number | null } {
  const { values, errors } = figureCurve(point.series, figure, point.layer);
  return { value: values[point.at] ?? null, se: errors[point.at] ?? null };
}

const overWords: Readonly<Record<SweepKind, string>> = {
  n: 'the number of sequences',
  length: 'the length of sequences',
  corpus: 'corpora',
  layer: 'layers',
  position: 'positions',
};

/** One sentence a sweep, of the last checkpoint: between which values RankMe lies. Points share rows: no error of the span. */
export function sweepDetails(series: SeriesStory, run: RunStory, layer: string): string[] {
  return sweepsOf(run, series.name, layer).flatMap(({ over, lines }) => {
    const { checkpoint, points } = lines.at(-1)!;
    const known = points
      .map((point) => ({ point, ...sweptFigure(point, 'rankme') }))
      .filter((found): found is typeof found & { value: number } => found.value !== null)
      .sort((a, b) => a.value - b.value);
    const [low, high] = [known[0], known.at(-1)];
    if (low === undefined || high === undefined || low === high) return [];
    const words = ({ point, value, se }: typeof low) => `${withError(value, se)} (${nameOf(point.value)})`;
    return `Over ${overWords[over]}, RankMe at ${checkpoint.revision} lies between ${words(low)} and ${words(high)}.`;
  });
}

const nameOf = (value: number | string) => (typeof value === 'number' ? value.toLocaleString('en-US') : value);
const keyOf = ({ stage, revision }: CheckpointStory) => `${stage}/${revision}`;

/** Numbers ascending before names; `final` after every block. */
function byValue(a: number | string, b: number | string): number {
  const place = (value: number | string) => (value === '' ? NaN : Number(value));
  const [x, y] = [place(a), place(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return String(a).localeCompare(String(b), 'en');
}
