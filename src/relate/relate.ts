/**
 * `eigentrace relate`: what the geometry of a run's checkpoints has to do with their results on tasks, its own
 * (RUN/tasks) or those of result files of lm-evaluation-harness. No model is needed.
 */
import { EigentraceError, nearest } from '../errors.js';
import { joined, ownerOf, questionReplicates, readEvaluations, taskCurves } from '../evaluation/index.js';
import { paperCorrelationFor, type PaperCorrelation } from '../paper/index.js';
import {
  curvesOf,
  listFindings,
  listMeasurements,
  mainCurves,
  openRun,
  type Curve,
  type Finding,
  type Run,
} from '../record/index.js';
import { checkpointOf, relationsOf, type DownstreamCurve, type StageRelations } from '../story/index.js';
import { childrenOf, type ChildRelations } from './children.js';
import { figuresAsked, geometryOf } from './geometry.js';
import { copiesNote, failuresNote, unmatchedNote } from './notes.js';
import { tasksAsked } from './tasks.js';

export interface RelateOptions {
  /** Figures by name, or `all` of the tidy table. Default RankMe and α. */
  figures?: readonly string[];
  /** Tasks by name, `*` for any characters. Default all. */
  tasks?: readonly string[];
  /** One metric of every task, or `all`. Default each task's main one. */
  metric?: string;
  /** Only this series or stage. Default: all series; every stage on its own, pretraining first. */
  series?: string;
  stage?: string;
  /** Default `final`, or the last layer; and the main request's position. */
  layer?: string;
  position?: string;
  /** Result files of lm-evaluation-harness: files, folders or globs. Default none. */
  evaluations?: readonly string[];
}

export interface SeriesRelations {
  readonly run: string;
  readonly series: string;
  readonly layer: string;
  readonly position: string;
  readonly figures: readonly string[];
  /** In the order of the relations; `points`: results, `matched`: those of measured checkpoints. */
  readonly tasks: readonly {
    readonly task: string;
    readonly metric: string;
    readonly source: string;
    readonly points: number;
    readonly matched: number;
  }[];
  /** Stages that have results; pretraining first. */
  readonly stages: readonly StageRelations[];
  /** Later stages' scores against the geometry of what they were trained from. */
  readonly children: readonly ChildRelations[];
  /** The row of the paper's Table 9, where the series is one of its models. */
  readonly paper: PaperCorrelation | null;
}

export interface RelateResult {
  readonly series: readonly SeriesRelations[];
  /** What was left out or must be known, in words. */
  readonly notes: readonly string[];
}

interface Read {
  readonly path: string;
  readonly run: Run;
  readonly curve: Curve;
  readonly findings: readonly ReadFinding[];
}

type ReadFinding = Finding & { readonly replicates: Readonly<Record<string, readonly number[]>> };

export async function relateRuns(paths: readonly string[], options: RelateOptions = {}): Promise<RelateResult> {
  if (paths.length === 0) throw new EigentraceError('usage', 'RUN: is missing (expected the folder of a run)');
  const notes: string[] = [];
  const reads: Read[] = [];
  for (const path of paths) reads.push(...(await readRun(path, options, notes)));
  const imported: { path: string; owner: string; curves: readonly DownstreamCurve[] }[] = [];
  for (const path of options.evaluations ?? []) {
    const { curves, notes: left } = await readEvaluations(path);
    const owner = ownerOf(
      path,
      reads.map(({ curve }) => ({ name: curve.series })),
    );
    imported.push({ path, owner: owner!.name, curves });
    notes.push(...left);
  }
  const series = reads.flatMap((read) => {
    const own = taskCurves(read.findings.filter(({ kind }) => kind === 'tasks')).get(read.curve.series) ?? [];
    const beside = imported.filter(({ owner }) => owner === read.curve.series).flatMap(({ curves }) => curves);
    const curves = joined(own, beside);
    if (curves.length > 0) return [relateCurve(read, curves, options, notes)];
    if (reads.length > 1) notes.push(`${read.path}: ${read.curve.series} has no results of tasks`);
    return [];
  });
  if (series.length === 0) throw noTasks(reads);
  return { series, notes: [...new Set(notes)] };
}

async function readRun(path: string, options: RelateOptions, notes: string[]): Promise<Read[]> {
  const run = await openRun(path);
  const listing = await listMeasurements(run);
  const { series, layer, position } = options;
  const selection = { ...(series === undefined ? {} : { series }), everyVariant: true };
  const { curves, notes: left } = curvesOf(listing, selection);
  notes.push(...left.map((note) => `${path}: ${note}`));
  const main = mainCurves(curves, path, { layer, position });
  if (main.length === 0) {
    throw new EigentraceError(
      'input',
      `${path}: holds no measurement that fits (expected a run that trace has measured checkpoints into)`,
    );
  }
  const findings: ReadFinding[] = [];
  for (const kind of ['tasks', 'posttraining'] as const) {
    // Scores of single questions would fill the memory: what errors need is made of them at once.
    const read = await listFindings(run, kind, ({ finding }): ReadFinding => ({
      ...finding,
      detail: null,
      replicates: questionReplicates(finding),
    }));
    findings.push(...read.kept);
    notes.push(...read.problems.map(({ message }) => `${path}: left out: ${message}`));
  }
  return main.map((curve) => ({
    ...{ path, run, curve },
    findings: findings.filter((finding) => finding.series === curve.series && !finding.control),
  }));
}

function relateCurve(
  { path, run, curve, findings }: Read,
  all: readonly DownstreamCurve[],
  options: RelateOptions,
  notes: string[],
): SeriesRelations {
  const geometry = geometryOf(curve);
  const { checkpoints } = geometry;
  const figures = figuresAsked(options.figures ?? ['rankme', 'alpha'], geometry);
  const curves = tasksAsked(all, { tasks: options.tasks ?? [], metric: options.metric ?? null });
  const tasks = curves.map(({ task, metric, source, points }) => {
    const matched = points.filter((point) => checkpointOf(checkpoints, point) >= 0).length;
    return { task, metric, source, points: points.length, matched };
  });
  const name = `${path}: ${curve.series}`;
  if (tasks.every(({ matched }) => matched === 0)) throw noneFits(name, curves, checkpoints);
  for (const note of [unmatchedNote(curves, checkpoints), failuresNote(run, curve.series), copiesNote(curve)]) {
    if (note !== null) notes.push(`${name}: ${note}`);
  }
  const stages = stagesAsked(name, checkpoints, options.stage).map((stage) =>
    relationsOf(geometry, curves, { stage, figures }),
  );
  const related = stages.filter(({ stage, matched }) => matched >= 3 || stage === options.stage);
  for (const { stage, matched } of stages) {
    if (matched >= 3 || matched === 0 || stage === options.stage) continue;
    notes.push(
      `${name}: ${stage} has ${matched} ${matched === 1 ? 'checkpoint' : 'checkpoints'} with results, too few for correlations of its own`,
    );
  }
  const children = childrenOf(curve.points, findings, curves, geometry, figures).filter(
    ({ stage }) => stage === (options.stage ?? stage),
  );
  const { series, layer, position } = curve;
  const paper = paperCorrelationFor(series);
  return { ...{ run: path, series, layer, position, figures, tasks, stages: related, children, paper } };
}

/** Pretraining first. */
function stagesAsked(name: string, checkpoints: readonly { stage: string }[], asked: string | undefined): string[] {
  const known = [...new Set(checkpoints.map(({ stage }) => stage))];
  if (asked === undefined) return known.sort((a, b) => Number(b === 'pretrain') - Number(a === 'pretrain'));
  if (known.includes(asked)) return [asked];
  throw new EigentraceError(
    'usage',
    `--stage: ${name} has none such, got '${asked}' (expected ${nearest(asked, known).join(', ')})`,
  );
}

function noTasks(reads: readonly Read[]): EigentraceError {
  const { path, curve } = reads[0]!;
  return new EigentraceError(
    'input',
    `${path}: holds no results of tasks for ${curve.series} (expected RUN/tasks, which eigentrace evaluate SERIES --task sciq,… --out ${path} ` +
      'makes, or --evaluations with result files of lm-evaluation-harness)',
  );
}

function noneFits(
  name: string,
  curves: readonly DownstreamCurve[],
  checkpoints: readonly { stage: string; revision: string }[],
): EigentraceError {
  const some = (names: readonly string[]): string => {
    const all = [...new Set(names)];
    return all.length <= 4 ? all.join(', ') : `${all.slice(0, 3).join(', ')}, … ${all.at(-1)!}`;
  };
  const results = some(
    curves.flatMap(({ points }) => points.map(({ revision, step }) => revision ?? `step${step ?? '?'}`)),
  );
  const measured = some(checkpoints.map(({ revision }) => revision));
  return new EigentraceError(
    'input',
    `${name}: no result is of a measured checkpoint, got results of ${results} (expected some of ${measured}; a step in the file's name or its revision says whose it is)`,
  );
}
