/**
 * How generated texts repeat themselves over training: different n-grams over all n-grams, and the share of completions
 * whose end goes round; ± 1 SE over the samples of the prompt.
 */
import { withError } from '../story/format.js';
import type { SamplesStory, SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { lineChart, type LinePoint, type OverTraining } from './line-chart.js';
import { fitText } from './text-width.js';
import { paintOf } from './theme.js';
import type { XAxis } from './x-axis.js';

export interface SamplesInput extends OverTraining {
  readonly series: SeriesStory;
  readonly samples: SamplesStory;
  /** Which of its prompts; default the first. */
  readonly prompt?: number | undefined;
}

const curves = [
  { metric: 'distinct_1', label: 'distinct-1' },
  { metric: 'distinct_2', label: 'distinct-2' },
  { metric: 'distinct_3', label: 'distinct-3' },
  { metric: 'loops', label: 'loops' },
] as const;

export function samplesChart(input: SamplesInput, frame: Frame): Drawing {
  const { series, samples, prompt = 0 } = input;
  const paint = paintOf(frame);
  const text = samples.prompts[prompt]?.text ?? '';
  // eslint-disable-next-line no-control-regex -- a title is one line
  const said = fitText(text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' '), frame.width * 0.4, paint);
  return lineChart(
    {
      ...input,
      labels: curves.map(({ label }) => label),
      series: [series],
      also: samples.points.map(({ tokens, step }) => ({ tokens, step })),
      lines: (axis) =>
        curves.map((curve, colour) => ({
          ...{ label: curve.label, colour },
          points: samples.points.flatMap((_, i) => pointOf(input, curve, i, axis)),
        })),
      name: 'Share',
      title: (axis) => `Repetition of texts after “${said}” over ${axis.name}`,
      columns: ['prompt', 'how', 'metric', 'stage', 'revision', 'step', 'tokens', 'value', 'se'],
      empty: 'no text was written',
      zero: true,
    },
    frame,
  );
}

function pointOf(
  { series, samples, prompt = 0 }: SamplesInput,
  { metric, label }: (typeof curves)[number],
  i: number,
  axis: XAxis,
): LinePoint[] {
  const point = samples.points[i]!;
  const told = samples.prompts[prompt];
  const [value, se] = told?.figures[metric]?.[i] ?? [null, null];
  const index = series.checkpoints.findIndex((c) => c.stage === point.stage && c.revision === point.revision);
  const checkpoint = series.checkpoints[index] ?? standIn(series, point);
  const x = axis.place(series, checkpoint);
  if (x === null || value === null) return [];
  const { stage, step, tokens } = checkpoint;
  return [
    {
      ...{ x, value, se, segment: step === 0 ? `${stage} 0` : stage, series: series.id, checkpoint: index },
      lines: [checkpointLine(checkpoint), `${label} ${withError(value, se)}`],
      row: [told!.text, samples.name, metric, stage, point.revision, step, tokens, value, se],
    },
  ];
}
