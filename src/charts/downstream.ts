/** Downstream results over training, with their standard errors: under the geometry, on the same x axis. */
import { withError } from '../story/format.js';
import type { DownstreamCurve, SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { lineChart, type LinePoint, type OverTraining } from './line-chart.js';
import type { XAxis } from './x-axis.js';

export interface DownstreamInput extends OverTraining {
  /** Whose checkpoints the results are of. */
  readonly series: SeriesStory;
  /** Default: the series' own. */
  readonly curves?: readonly DownstreamCurve[] | undefined;
  /** Names of tasks, in the order of their colours. Default: well-known ones, at most six. */
  readonly tasks?: readonly string[] | undefined;
  /** Default `acc`, or the first there is. */
  readonly metric?: string | undefined;
}

/** Tasks that papers on training dynamics show, first. */
const known = ['sciq', 'lambada_openai', 'piqa', 'arc_easy', 'arc_challenge', 'winogrande', 'hellaswag', 'triviaqa'];
const most = 6;

/** Curves of one metric that are drawn when nobody chooses. */
export function chooseDownstream(
  curves: readonly DownstreamCurve[],
  wanted: { readonly tasks?: readonly string[] | undefined; readonly metric?: string | undefined } = {},
): { readonly shown: readonly DownstreamCurve[]; readonly metric: string; readonly left: number } {
  const metrics = [...new Set(curves.map(({ metric }) => metric))];
  const metric = wanted.metric ?? (metrics.includes('acc') ? 'acc' : (metrics[0] ?? 'acc'));
  const of = curves.filter((curve) => curve.metric === metric);
  const rank = ({ task }: DownstreamCurve) => {
    const at = known.indexOf(task.replace(/ \(.*\)$/, ''));
    return at < 0 ? known.length : at;
  };
  const { tasks } = wanted;
  const chosen =
    tasks === undefined
      ? [...of].sort((a, b) => rank(a) - rank(b))
      : tasks.flatMap((task) => of.filter((curve) => curve.task === task));
  const shown = chosen.slice(0, most);
  return { shown, metric, left: of.length - shown.length };
}

export function downstream(input: DownstreamInput, frame: Frame): Drawing {
  const { series } = input;
  const curves = input.curves ?? series.downstream;
  const { shown, metric, left } = chooseDownstream(curves, input);
  const also = shown.flatMap(({ points }) => points.map(({ tokens, step }) => ({ tokens, step })));
  return lineChart(
    {
      ...input,
      labels: shown.map(({ task }) => task),
      series: [series],
      also: also.map(({ tokens, step }) => standIn(series, { stage: 'pretrain', revision: '', tokens, step })),
      lines: (axis) =>
        shown.map((curve, colour) => ({ label: curve.task, colour, points: pointsOf(curve, series, axis) })),
      name: metric === 'acc' ? 'Accuracy' : metric,
      title: (axis) => `${metric === 'acc' ? 'Accuracy' : metric} of downstream tasks over ${axis.name}`,
      columns: ['task', 'metric', 'stage', 'revision', 'step', 'tokens', 'value', 'se', 'n', 'source'],
      empty: curves.length === 0 ? 'no downstream results' : `no task has ${metric}`,
      notes: left > 0 ? [`${left} more tasks are not drawn`] : [],
    },
    frame,
  );
}

function pointsOf(curve: DownstreamCurve, series: SeriesStory, axis: XAxis): LinePoint[] {
  return curve.points.flatMap((point) => {
    const revision = point.revision ?? (point.step === null ? '' : `step${point.step}`);
    // The checkpoint that was measured, where it was: its step is the surest; else where its step lies.
    const index = series.checkpoints.findIndex(
      (c) => c.stage === point.stage && (c.revision === revision || (point.step !== null && c.step === point.step)),
    );
    const checkpoint = series.checkpoints[index] ?? standIn(series, { ...point, revision });
    const x = axis.place(series, checkpoint);
    if (x === null) return [];
    const { stage, step, tokens } = checkpoint;
    return [
      {
        ...{
          x,
          value: point.value,
          se: point.se,
          segment: step === 0 ? `${stage} 0` : stage,
          series: series.id,
          checkpoint: index,
        },
        lines: [
          checkpointLine(checkpoint),
          `${curve.task} ${curve.metric} ${withError(point.value, point.se)}${point.n === null ? '' : `, n ${point.n}`}`,
        ],
        row: [curve.task, curve.metric, stage, revision, step, tokens, point.value, point.se, point.n, curve.source],
      },
    ];
  });
}
