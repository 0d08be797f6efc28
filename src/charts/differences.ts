/**
 * One series against another over training: at each common checkpoint the difference with its paired error. What a
 * comparison doesn't resolve is hollow; the line across is no difference.
 */
import { signed } from '../story/format.js';
import type { SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { lineChart, type LinePoint, type OverTraining } from './line-chart.js';
import { figureName } from './words.js';
import type { XAxis } from './x-axis.js';

/** A difference b − a, as `compare` finds it. */
export interface DifferencePoint {
  readonly stage: string;
  readonly tokens: number | null;
  readonly step: number | null;
  readonly difference: number | null;
  readonly se: number | null;
  /** `above`, `below`, or `not resolved`. */
  readonly verdict: string;
  readonly a: { readonly revision: string | null };
}

export interface DifferencesInput extends OverTraining {
  /** Whose checkpoints are on the axis: a. */
  readonly series: SeriesStory;
  /** Names of b and a. */
  readonly names: readonly [b: string, a: string];
  /** `rankme`, `alpha`, … */
  readonly figure: string;
  readonly differences: readonly DifferencePoint[];
  /** Why there are no errors; null when there are. */
  readonly withoutErrors?: string | null | undefined;
}

export function differences(input: DifferencesInput, frame: Frame): Drawing {
  const { series, figure, names } = input;
  const [b, a] = names;
  const name = `Difference of ${figureName(figure)}`;
  return lineChart(
    {
      ...input,
      labels: [],
      series: [series],
      lines: (axis) => [
        { label: '', colour: 0, points: input.differences.flatMap((point) => pointOf(point, input, axis)) },
      ],
      name,
      title: (axis) => `${name} over ${axis.name}: ${b} less ${a}`,
      columns: ['b', 'a', 'figure', 'stage', 'revision', 'step', 'tokens', 'difference', 'se', 'verdict'],
      empty: 'there are no common checkpoints',
      notes: input.withoutErrors ? [`no errors: ${input.withoutErrors}`] : [],
      rule: 0,
    },
    frame,
  );
}

function pointOf(point: DifferencePoint, { series, figure, names }: DifferencesInput, axis: XAxis): LinePoint[] {
  const { difference, se, verdict } = point;
  const revision = point.a.revision ?? (point.step === null ? '' : `step${point.step}`);
  const index = series.checkpoints.findIndex((c) => c.stage === point.stage && c.revision === revision);
  const checkpoint = series.checkpoints[index] ?? standIn(series, { ...point, revision });
  const x = axis.place(series, checkpoint);
  if (x === null || difference === null) return [];
  const { stage, step, tokens } = checkpoint;
  return [
    {
      ...{ x, value: difference, se, segment: step === 0 ? `${stage} 0` : stage, isHollow: verdict === 'not resolved' },
      ...{ series: series.id, checkpoint: index },
      lines: [checkpointLine(checkpoint), `${figureName(figure)} ${signed(difference, se)}: ${verdict}`],
      row: [...names, figure, stage, revision, step, tokens, difference, se, verdict],
    },
  ];
}
