/**
 * Memorization over training: ρ between the model's and the ∞-gram's likelihoods, the partial ρ given the answers' length and
 * the ρ of means a token, on the axis of the geometry above; the line across is the control's partial ρ. Of passages: the
 * share of windows reproduced word for word, and the ρ a token. Hollow: not beyond the control's error.
 */
import { withError } from '../story/format.js';
import type { MemorizationStory, SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { lineChart, type LinePoint, type OverTraining } from './line-chart.js';
import { short } from './words.js';
import type { XAxis } from './x-axis.js';

export interface MemorizationInput extends OverTraining {
  readonly series: SeriesStory;
  readonly memorization: MemorizationStory;
  /** Default `strict`. */
  readonly zeros?: 'strict' | 'published' | undefined;
}

interface Curve {
  readonly metric: string;
  readonly label: string;
  /** Drawn so many times as large. */
  readonly scale?: number;
}

/** Of passages over training: the gap to the ∞-gram in nats, or the share of windows reproduced word for word. */
export function passageChart(
  input: MemorizationInput & { readonly metric: 'gap' | 'extractable' },
  frame: Frame,
): Drawing {
  const { series, memorization, metric } = input;
  const { windows } = memorization;
  const isGap = metric === 'gap';
  const curve: Curve = isGap ? { metric, label: 'gap' } : { metric, label: 'extractable, %', scale: 100 };
  const of =
    windows === null ? '' : `, ${windows.promptTokens} + ${windows.extractTokens} tokens, ${windows.count} windows`;
  return lineChart(
    {
      ...input,
      labels: [],
      series: [series],
      also: memorization.points.map(({ tokens, step }) => ({ tokens, step })),
      lines: (axis) => [
        {
          label: '',
          colour: 0,
          points: memorization.points.flatMap((_, i) => pointOf(input, curve, i, axis)),
        },
      ],
      name: isGap ? 'Mean |ln p − ln p∞|, nats' : 'Windows reproduced, %',
      title: (axis) =>
        `${isGap ? 'Gap to the ∞-gram' : 'Extraction'} over ${axis.name}: ${memorization.name}${isGap ? '' : of}`,
      columns: ['of', 'metric', 'stage', 'revision', 'step', 'tokens', 'value', 'se', 'verdict'],
      empty: isGap ? 'no token with p∞ > 0' : 'no passage is long enough',
      zero: true,
    },
    frame,
  );
}

export function memorizationChart(input: MemorizationInput, frame: Frame): Drawing {
  const { series, memorization, zeros = 'strict' } = input;
  const end = zeros === 'strict' ? '' : '_published';
  const isQuestions = memorization.what === 'questions';
  const curves: Curve[] = isQuestions
    ? [
        { metric: `rho${end}`, label: 'ρ' },
        { metric: `rho_partial${end}`, label: 'partial ρ' },
        { metric: `rho_per_token${end}`, label: 'ρ per token' },
      ]
    : [
        { metric: 'token_rho', label: 'token ρ' },
        { metric: 'extractable', label: 'extractable' },
      ];
  const level = isQuestions ? (memorization.control?.values[`rho_partial${end}`] ?? null) : null;
  const of = isQuestions ? `${memorization.name}, zeros ${zeros}` : memorization.name;
  return lineChart(
    {
      ...input,
      labels: curves.map(({ label }) => label),
      series: [series],
      also: memorization.points.map(({ tokens, step }) => ({ tokens, step })),
      lines: (axis) =>
        curves.map((curve, colour) => ({
          ...{ label: curve.label, colour },
          points: memorization.points.flatMap((_, i) => pointOf(input, curve, i, axis)),
        })),
      name: isQuestions ? 'Spearman ρ with the ∞-gram' : 'Agreement with the ∞-gram',
      title: (axis) => `Memorization over ${axis.name}: ${of}`,
      columns: ['of', 'metric', 'stage', 'revision', 'step', 'tokens', 'value', 'se', 'verdict'],
      empty: 'no memorization was measured',
      notes:
        level === null
          ? []
          : [`the line across is the partial ρ of the control (${memorization.control!.kind}), ${short(level)}`],
      ...(level === null ? {} : { rule: level }),
    },
    frame,
  );
}

function pointOf(
  { series, memorization, zeros = 'strict' }: MemorizationInput,
  { metric, label, scale = 1 }: Curve,
  i: number,
  axis: XAxis,
): LinePoint[] {
  const point = memorization.points[i]!;
  const measured = memorization.values[metric]?.[i] ?? null;
  const error = memorization.errors[metric]?.[i] ?? null;
  const [value, se] = [measured, error].map((each) => (each === null ? null : scale * each)) as [
    number | null,
    number | null,
  ];
  const index = series.checkpoints.findIndex((c) => c.stage === point.stage && c.revision === point.revision);
  const checkpoint = series.checkpoints[index] ?? standIn(series, point);
  const x = axis.place(series, checkpoint);
  if (x === null || value === null) return [];
  const { stage, step, tokens } = checkpoint;
  const verdict = metric.startsWith('rho_partial') ? (point.verdict?.[zeros] ?? null) : null;
  const words =
    verdict === null
      ? ''
      : verdict === 'not resolved'
        ? ": not beyond the control's error"
        : `: ${verdict} the control`;
  return [
    {
      ...{ x, value, se, segment: step === 0 ? `${stage} 0` : stage, isHollow: verdict === 'not resolved' },
      ...{ series: series.id, checkpoint: index },
      lines: [checkpointLine(checkpoint), `${label} ${withError(value, se)}${words}`],
      row: [memorization.name, metric, stage, point.revision, step, tokens, measured, error, verdict],
    },
  ];
}
