/** What a training logged (loss, learning rate, reward, …), over the x axis of the geometry above or below it. */
import { withError } from '../story/format.js';
import type { SeriesStory, TrainingLog } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { lineChart, type LinePoint, type OverTraining } from './line-chart.js';
import { stageName } from './words.js';
import type { XAxis } from './x-axis.js';

export interface TrainingInput extends OverTraining {
  readonly series: SeriesStory;
  /** Default: the series' own. */
  readonly logs?: readonly TrainingLog[] | undefined;
  /** Columns drawn on one axis: of one unit. Default: the losses. */
  readonly columns?: readonly string[] | undefined;
}

const names: Readonly<Record<string, string>> = {
  loss: 'loss',
  train_loss: 'training loss',
  heldout_loss: 'held-out loss',
  eval_loss: 'evaluation loss',
  learning_rate: 'learning rate',
  grad_norm: 'gradient norm',
};

/** More points than pixels show nothing more: of each run of so many the least and the greatest are kept. */
const mostPoints = 1200;

/** Columns that are losses, or else the first there is; `learning_rate` is for a chart of its own. */
export function lossColumns(logs: readonly TrainingLog[]): string[] {
  const all = [...new Set(logs.flatMap(({ columns }) => Object.keys(columns)))];
  const losses = all.filter((name) => /(^|_)loss$/.test(name));
  return losses.length > 0 ? losses : all.filter((name) => name !== 'learning_rate').slice(0, 1);
}

export function training(input: TrainingInput, frame: Frame): Drawing {
  const { series } = input;
  const logs = input.logs ?? series.logs;
  const columns = input.columns ?? lossColumns(logs);
  const measured = new Set(series.checkpoints.map(({ stage }) => stage));
  const drawn = columns.filter((name) =>
    logs.some((log) => measured.has(log.stage) && log.columns[name] !== undefined),
  );
  const isOne = drawn.length === 1;
  const label = (name: string) => names[name] ?? name.replaceAll('_', ' ');
  const y = isOne ? capital(label(drawn[0]!)) : drawn.every((name) => name.includes('loss')) ? 'Loss' : 'Logged';
  return lineChart(
    {
      ...input,
      labels: isOne ? [] : drawn.map(label),
      series: [series],
      lines: (axis) =>
        drawn.map((name, colour) => ({
          ...{ label: isOne ? '' : label(name), colour, isDense: true },
          points: logs.flatMap((log) => pointsOf(log, name, series, axis)),
        })),
      name: y,
      title: (axis) => `${y} over ${axis.name}`,
      columns: ['stage', 'source', 'step', 'tokens', 'column', 'value'],
      empty: logs.length === 0 ? 'no training log' : 'the logs hold no such column',
      notes: logs
        .filter((log) => !measured.has(log.stage))
        .map((log) => `${log.source}: no checkpoint of ${stageName(log.stage)}`),
    },
    frame,
  );
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function pointsOf(log: TrainingLog, name: string, series: SeriesStory, axis: XAxis): LinePoint[] {
  const values = log.columns[name] ?? [];
  const points = log.steps.flatMap((step, i) => {
    const value = values[i] ?? null;
    if (value === null) return [];
    const checkpoint = standIn(series, {
      stage: log.stage,
      revision: `step ${step}`,
      step,
      tokens: log.tokens[i] ?? null,
    });
    const x = axis.place(series, checkpoint);
    if (x === null) return [];
    const { tokens } = checkpoint;
    return [
      {
        ...{
          x,
          value,
          se: null,
          segment: step === 0 ? `${log.stage} 0` : log.stage,
          series: series.id,
          checkpoint: -1,
        },
        lines: [checkpointLine(checkpoint), `${name} ${withError(value, null)}`],
        row: [log.stage, log.source, step, tokens, name, value],
      },
    ];
  });
  if (points.length <= mostPoints) return points;
  const size = Math.ceil(points.length / (mostPoints / 2));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  ).flatMap((run) => {
    const [low, high] = [
      run.reduce((a, b) => (b.value < a.value ? b : a)),
      run.reduce((a, b) => (b.value > a.value ? b : a)),
    ];
    return low === high ? [low] : low.x <= high.x ? [low, high] : [high, low];
  });
}
