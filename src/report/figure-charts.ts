/** How each chart that `export --chart` knows is drawn from a run's story. */
import {
  alphaBands,
  correlationMatrix,
  downstream,
  layerMap,
  likelihoods,
  lossColumns,
  matrixFigures,
  memorizationChart,
  metricName,
  scree,
  spectrumMap,
  stack,
  suffixLengths,
  taskMap,
  tasksOf,
  training,
  trajectory,
  type Axis,
  type Drawing,
  type Frame,
} from '../charts/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { drawAblation, drawDirections, drawSamples } from './figure-findings.js';
import { chartNamed } from './figure-names.js';
import {
  geometryOfStory,
  relatedStage,
  relationsOf,
  type DownstreamCurve,
  type Failure,
  type LayerSpectra,
  type MemorizationStory,
  type SeriesStory,
  type TrainingLog,
} from '../story/index.js';

/** What a figure is drawn from. */
export interface FigureSource {
  /** The series drawn first; its layer is there. */
  readonly series: SeriesStory;
  /** Its controls. */
  readonly controls: readonly SeriesStory[];
  readonly failures: readonly Failure[];
  readonly layer: string;
  readonly spectra: () => Promise<LayerSpectra>;
  readonly logs: readonly TrainingLog[];
  /** From files that were asked for: below a trajectory. */
  readonly downstream: readonly DownstreamCurve[];
  /** These and what the run holds. */
  readonly tasks: readonly DownstreamCurve[];
}

export interface FigureChoice {
  readonly chart: string;
  /** `rankme`, `alpha`, …; null: what suits the chart. */
  readonly figure: string | null;
  readonly axis: Axis;
  /** Revisions of a scree plot; null: the last checkpoint. */
  readonly at: string | null;
  readonly and: string | null;
}

export async function drawFigure(choice: FigureChoice, source: FigureSource, frame: Frame): Promise<Drawing> {
  const chart = chartNamed(choice.chart);
  const { series, layer } = source;
  const { axis } = choice;
  switch (chart) {
    case 'trajectory':
      return drawTrajectory(choice, source, frame);
    case 'scree': {
      const spectra = await source.spectra();
      return drawScree(choice, series, spectra, frame);
    }
    case 'spectrum-map':
      return spectrumMap({ series, spectra: await source.spectra(), axis }, frame);
    case 'layer-map':
      return layerMap({ series, figure: figureOf(choice.figure ?? 'rankme', series, layer), axis }, frame);
    case 'alpha-bands':
      return alphaBands({ series, layer, axis }, frame);
    case 'downstream':
      return downstream({ series, curves: taskCurvesOf(source), axis }, frame);
    case 'task-map': {
      const { curves, metric } = tasksOf(taskCurvesOf(source));
      return taskMap({ series, curves, name: metricName(metric), axis }, frame);
    }
    case 'correlations':
    case 'correlations-levels':
      return drawCorrelations(choice, source, frame);
    case 'memorization':
      return memorizationChart({ series, memorization: memorizationOf(choice, series), axis }, frame);
    case 'suffix-lengths':
      return suffixLengths({ memorization: memorizationOf(choice, series) }, frame);
    case 'likelihoods': {
      const memorization = memorizationOf(choice, series);
      if (memorization.scatter) return likelihoods({ series, memorization }, frame);
      throw missing('passages have no answers', '--figure NAME, a set of questions');
    }
    case 'ablation':
      return drawAblation(choice, series, frame);
    case 'directions':
      return drawDirections(choice, series, frame);
    case 'samples':
      return drawSamples(choice, series, frame);
    case 'training': {
      if (source.logs.length === 0) throw missing('no training log', '--log FILE, a trainer_state.json or a CSV');
      const panels = trainingPanels(source, frame, { axis, isLast: true });
      return panels.length === 1 ? panels[0]!(0) : aligned(panels, frame);
    }
  }
}

function taskCurvesOf({ tasks }: FigureSource): readonly DownstreamCurve[] {
  if (tasks.length > 0) return tasks;
  throw missing(
    'no downstream results',
    'RUN/tasks, which eigentrace evaluate makes, or --evaluations PATH, result files of lm-evaluation-harness',
  );
}

function drawCorrelations({ chart, figure }: FigureChoice, source: FigureSource, frame: Frame): Drawing {
  const { series, layer } = source;
  const { curves } = tasksOf(taskCurvesOf(source));
  const stage = relatedStage(series, curves);
  if (stage === null) {
    throw missing('too few checkpoints have both geometry and a task', 'four of a stage; eigentrace relate says more');
  }
  const measured = series.curves[layer]?.figures ?? {};
  const figures = figure === null ? matrixFigures.filter((name) => measured[name]) : [figureOf(figure, series, layer)];
  const relations = relationsOf(geometryOfStory(series, layer), curves, { stage, figures });
  const part = chart === 'correlations' ? 'increments' : 'levels';
  return correlationMatrix({ series, relations, part }, frame);
}

/** Training log above, geometry, tasks below: whatever there is, on one axis. */
function drawTrajectory({ figure, axis }: FigureChoice, source: FigureSource, frame: Frame): Drawing {
  const { series, controls, failures, layer } = source;
  const figures = figure === null ? ['rankme', 'alpha'] : [figureOf(figure, series, layer)];
  const hasTasks = source.downstream.length > 0;
  const panels: Panel[] = [
    ...(source.logs.length > 0 ? trainingPanels(source, frame, { axis, isLast: false }) : []),
    ...figures.map(
      (name, i) => (right: number) =>
        trajectory(
          {
            ...{ series: [series, ...controls], figure: name, layer, axis, failures, right },
            ...{ paper: true, xLabels: i === figures.length - 1 && !hasTasks },
          },
          frame,
        ),
    ),
    ...(hasTasks
      ? [
          (right: number) =>
            downstream({ series, curves: source.downstream, axis, domain: domainOf(series, axis), right }, frame),
        ]
      : []),
  ];
  return panels.length === 1 ? panels[0]!(0) : aligned(panels, frame);
}

/** Draws a chart with at least so much margin at the right. */
type Panel = (right: number) => Drawing;

/** Losses, and the learning rate where it was logged, each with an axis of its own. */
function trainingPanels(
  { series, logs }: FigureSource,
  frame: Frame,
  { axis, isLast }: { axis: Axis; isLast: boolean },
): Panel[] {
  const hasRate = logs.some(({ columns }) => columns['learning_rate'] !== undefined);
  const groups = [lossColumns(logs), ...(hasRate ? [['learning_rate']] : [])];
  return groups.map(
    (columns, i) => (right: number) =>
      training({ series, logs, columns, axis, right, xLabels: isLast && i === groups.length - 1 }, frame),
  );
}

/** Panels above one another with one left and one right edge. */
function aligned(panels: readonly Panel[], frame: Frame): Drawing {
  const right = Math.max(...panels.map((panel) => frame.width - panel(0).area[2]));
  return stack(
    panels.map((panel) => panel(right)),
    frame,
    2,
  );
}

/** Results beyond the measured checkpoints would move one axis of several. */
function domainOf(series: SeriesStory, axis: Axis): readonly [number, number] | undefined {
  if (axis !== 'tokens' && axis !== 'steps') return undefined;
  const values = series.checkpoints
    .filter(({ stage }) => stage === 'pretrain')
    .flatMap(({ tokens, step }) => (axis === 'tokens' ? tokens : step) ?? []);
  const positive = values.filter((value) => value > 0);
  return positive.length < 2 ? undefined : [values.includes(0) ? 0 : Math.min(...positive), Math.max(...positive)];
}

function drawScree(choice: FigureChoice, series: SeriesStory, spectra: LayerSpectra, frame: Frame): Drawing {
  const last = series.checkpoints.length - 1;
  const at = choice.at === null ? last : indexOf(series, choice.at, '--at');
  const and = choice.and === null ? null : indexOf(series, choice.and, '--and');
  const one = (checkpoint: number, role: 'current' | 'pinned' | 'ghost') => ({ series, spectra, checkpoint, role });
  const ghosts = and === null ? [at - 1, at + 1].filter((i) => i >= 0 && i <= last) : [];
  return scree(
    {
      spectra: [
        one(at, 'current'),
        ...(and === null ? [] : [one(and, 'pinned')]),
        ...ghosts.map((i) => one(i, 'ghost')),
      ],
    },
    frame,
  );
}

function indexOf(series: SeriesStory, revision: string, option: string): number {
  const found = series.checkpoints.findIndex((checkpoint) => checkpoint.revision === revision);
  if (found >= 0) return found;
  const near = nearest(
    revision,
    series.checkpoints.map((checkpoint) => checkpoint.revision),
  ).join(', ');
  throw new EigentraceError(
    'usage',
    `${option}: no such checkpoint in ${series.label}, got '${revision}' (expected ${near})`,
  );
}

/** A figure that was measured, with a value or with a reason for none. */
function figureOf(name: string, series: SeriesStory, layer: string): string {
  const figures = series.curves[layer]?.figures ?? {};
  if (Object.hasOwn(figures, name)) return name;
  const known = Object.keys(figures).filter((figure) => !/_se$|_deviation_max$/.test(figure));
  throw new EigentraceError(
    'usage',
    `--figure: no such figure, got '${name}' (expected ${nearest(name, known).join(', ')})`,
  );
}

/** The set of questions or passages named by `--figure`, or the first there is. */
function memorizationOf({ figure }: FigureChoice, { memorization = [] }: SeriesStory): MemorizationStory {
  if (memorization.length === 0) throw missing('no memorization in this run', 'one made by eigentrace memorize');
  const names = memorization.map(({ name }) => name);
  const found = figure === null ? memorization[0] : memorization.find(({ name }) => name === figure);
  if (found) return found;
  throw new EigentraceError(
    'usage',
    `--figure: no such set of questions or passages, got '${figure ?? ''}' (expected ${names.join(', ')})`,
  );
}

function missing(what: string, expected: string): EigentraceError {
  return new EigentraceError('usage', `--chart: ${what} (expected ${expected})`);
}
