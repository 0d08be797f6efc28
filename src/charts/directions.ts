/**
 * The top eigen-directions over training: their shares of the variance, and how much of them is what it was at the
 * checkpoint before (the overlap of the subspaces, |cos| of the first), with the level of unrelated subspaces across.
 */
import type { DirectionsPoint, DirectionsStory, SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { lineChart, type LinePoint, type OverTraining } from './line-chart.js';
import { short } from './words.js';
import type { XAxis } from './x-axis.js';

export interface DirectionsInput extends OverTraining {
  readonly series: SeriesStory;
  readonly directions: DirectionsStory;
}

/** Lines that a chart can tell apart. */
const most = 5;
const columns = ['corpus', 'curve', 'stage', 'revision', 'step', 'tokens', 'value', 'since'];

interface Curve {
  readonly label: string;
  readonly of: (point: DirectionsPoint) => number | null;
  /** `share of direction 1`, for a tooltip. */
  readonly words: string;
}

export function directionShares(input: DirectionsInput, frame: Frame): Drawing {
  const { points, name } = input.directions;
  const count = Math.max(0, ...points.map(({ directions }) => directions.length));
  const curves = Array.from({ length: Math.min(most, count) }, (_, u): Curve => ({
    label: String(u + 1),
    of: ({ directions }) => (directions[u] ? 100 * directions[u].share : null),
    words: `direction ${u + 1}, % of the variance`,
  }));
  return chartOf(input, curves, frame, {
    name: 'Share of the variance, %',
    subject: `Top eigen-directions’ shares of the variance`,
    notes: count > most ? [`${count - most} more directions are not drawn`] : [],
    empty: `no directions of ${name}`,
  });
}

export function directionOverlaps(input: DirectionsInput, frame: Frame): Drawing {
  const { points } = input.directions;
  const chances = new Set(points.flatMap(({ change }) => (change ? [change.chance] : [])));
  const chance = chances.size === 1 ? [...chances][0]! : null;
  const curves: Curve[] = [
    { label: 'subspace', of: ({ change }) => change?.subspace ?? null, words: 'subspace overlap' },
    {
      label: '|cos| of 1',
      of: ({ directions }) => directions[0]?.change?.overlap ?? null,
      words: '|cos| of direction 1',
    },
  ];
  return chartOf(input, curves, frame, {
    name: 'Overlap with the checkpoint before',
    subject: 'Eigen-directions against the checkpoint before',
    notes: chance === null ? [] : [`the line across is the overlap of unrelated subspaces, ${short(chance)}`],
    empty: 'no two checkpoints to compare',
    ...(chance === null ? {} : { rule: chance }),
  });
}

function chartOf(
  input: DirectionsInput,
  curves: readonly Curve[],
  frame: Frame,
  words: { name: string; subject: string; notes: readonly string[]; empty: string; rule?: number },
): Drawing {
  const { series, directions } = input;
  const { subject, ...rest } = words;
  return lineChart(
    {
      ...{ ...input, ...rest, columns, zero: true, series: [series] },
      labels: curves.map(({ label }) => label),
      also: directions.points.map(({ tokens, step }) => ({ tokens, step })),
      lines: (axis) =>
        curves.map((curve, colour) => ({
          ...{ label: curve.label, colour },
          points: directions.points.flatMap((point) => pointOf(input, curve, point, axis)),
        })),
      title: (axis) => `${subject} over ${axis.name}: ${directions.name}`,
    },
    frame,
  );
}

function pointOf(
  { series, directions }: DirectionsInput,
  curve: Curve,
  point: DirectionsPoint,
  axis: XAxis,
): LinePoint[] {
  const value = curve.of(point);
  const index = series.checkpoints.findIndex((c) => c.stage === point.stage && c.revision === point.revision);
  const checkpoint = series.checkpoints[index] ?? standIn(series, point);
  const x = axis.place(series, checkpoint);
  if (x === null || value === null) return [];
  const { stage, step, tokens } = checkpoint;
  const since = point.change?.since ?? null;
  return [
    {
      ...{ x, value, se: null, segment: step === 0 ? `${stage} 0` : stage, series: series.id, checkpoint: index },
      lines: [
        checkpointLine(checkpoint),
        `${curve.words} ${short(value)}`,
        ...(since === null ? [] : [`the checkpoint before: ${since}`]),
      ],
      row: [directions.name, curve.words, stage, point.revision, step, tokens, value, since],
    },
  ];
}
