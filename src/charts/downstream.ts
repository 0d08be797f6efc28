/** Downstream results over training, with their standard errors: under the geometry, on the same x axis. */
import { withError } from '../story/format.js';
import { checkpointOf, type DownstreamCurve, type SeriesStory } from '../story/index.js';
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

/** Shares of answers that are right: one axis holds them all. */
const shares = ['acc', 'exact_match'];

/** `Accuracy`, or the metric's own name. */
export function metricName(metric: string): string {
  return shares.includes(metric) ? 'Accuracy' : metric;
}

/**
 * One curve a task, well-known tasks first: of the metric, or where none is named the share of answers that are right
 * (`acc`, else `exact_match`), or the first metric there is.
 */
export function tasksOf(
  curves: readonly DownstreamCurve[],
  wanted?: string,
): { readonly curves: readonly DownstreamCurve[]; readonly metric: string } {
  const metrics = [...new Set(curves.map(({ metric }) => metric))];
  const metric = wanted ?? shares.find((share) => metrics.includes(share)) ?? metrics[0] ?? 'acc';
  const taken = wanted === undefined && shares.includes(metric) ? shares : [metric];
  const of = curves.filter(
    (curve) =>
      taken.includes(curve.metric) &&
      // A task that has the one has no need of the other.
      !curves.some(
        (other) =>
          other.task === curve.task &&
          taken.indexOf(other.metric) > -1 &&
          taken.indexOf(other.metric) < taken.indexOf(curve.metric),
      ),
  );
  const rank = ({ task }: DownstreamCurve) => {
    const at = known.indexOf(task.replace(/ \(.*\)$/, ''));
    return at < 0 ? known.length : at;
  };
  return { curves: [...of].sort((a, b) => rank(a) - rank(b)), metric };
}

/** Curves of one metric that are drawn when nobody chooses. */
export function chooseDownstream(
  all: readonly DownstreamCurve[],
  wanted: { readonly tasks?: readonly string[] | undefined; readonly metric?: string | undefined } = {},
): { readonly shown: readonly DownstreamCurve[]; readonly metric: string; readonly left: number } {
  const { curves: of, metric } = tasksOf(all, wanted.metric);
  const { tasks } = wanted;
  const chosen = tasks === undefined ? of : tasks.flatMap((task) => of.filter((curve) => curve.task === task));
  const shown = chosen.slice(0, most);
  return { shown, metric, left: of.length - shown.length };
}

export function downstream(input: DownstreamInput, frame: Frame): Drawing {
  const { series } = input;
  const curves = input.curves ?? series.downstream;
  const { shown, metric, left } = chooseDownstream(curves, input);
  return lineChart(
    {
      ...input,
      labels: shown.map(({ task }) => task),
      series: [series],
      also: alsoOf(series, shown),
      lines: (axis) =>
        shown.map((curve, colour) => ({ label: curve.task, colour, points: pointsOf(curve, series, axis) })),
      name: metricName(metric),
      title: (axis) => `${metricName(metric)} of downstream tasks over ${axis.name}`,
      columns: ['task', 'metric', 'stage', 'revision', 'step', 'tokens', 'value', 'se', 'n', 'source'],
      empty: curves.length === 0 ? 'no downstream results' : `no task has ${metric}`,
      notes: left > 0 ? [`${left} more tasks are not drawn`] : [],
    },
    frame,
  );
}

/** Where results lie that the axis must hold too: a chart above takes them for the same axis. */
export function alsoOf(
  series: SeriesStory,
  curves: readonly DownstreamCurve[],
): { readonly tokens: number | null; readonly step: number | null }[] {
  // Later stages count their own tokens and steps, on lanes of their own.
  return curves.flatMap(({ points }) =>
    points
      .filter(({ stage }) => stage === 'pretrain')
      .map(({ tokens, step }) => standIn(series, { stage: 'pretrain', revision: '', tokens, step })),
  );
}

function pointsOf(curve: DownstreamCurve, series: SeriesStory, axis: XAxis): LinePoint[] {
  return curve.points.flatMap((point) => {
    const revision = point.revision ?? (point.step === null ? '' : `step${point.step}`);
    // The checkpoint that was measured, where it was: its step is the surest; else where its step lies.
    const index = checkpointOf(series.checkpoints, point);
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
