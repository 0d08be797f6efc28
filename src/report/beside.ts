/**
 * What stands beside the curves of a run: downstream results and training logs from files of their own. They belong to
 * the series whose name their path holds (`results/pythia-1b/`), else to the first that is no control; results that RUN/tasks
 * holds already are not told twice.
 */
import { joined, ownerOf, readEvaluations } from '../evaluation/index.js';
import type { DownstreamCurve, RunStory, SeriesStory, TrainingLog } from '../story/index.js';
import { readTrainingLog } from '../training/index.js';

export interface Beside {
  readonly downstream: readonly { readonly path: string; readonly curves: readonly DownstreamCurve[] }[];
  readonly logs: readonly { readonly path: string; readonly log: TrainingLog }[];
  /** What was left out, in words. */
  readonly notes: readonly string[];
}

/** Reads them; a file that can't be read is an error, as it was asked for by name. */
export async function readBeside(evaluations: readonly string[], logs: readonly string[]): Promise<Beside> {
  const results = [];
  for (const path of evaluations) results.push({ path, ...(await readEvaluations(path)) });
  const read = [];
  for (const path of logs) read.push({ path, log: await readTrainingLog(path) });
  return { downstream: results, logs: read, notes: results.flatMap(({ notes }) => notes) };
}

/** The runs with what stands beside their series. */
export function withBeside(runs: readonly RunStory[], { downstream, logs }: Beside): readonly RunStory[] {
  if (downstream.length === 0 && logs.length === 0) return runs;
  const all = runs.flatMap((run) => run.series);
  const real = all.filter(({ control, variant }) => control === null && variant === null);
  const isOf = (path: string, { id }: SeriesStory) => ownerOf(path, real.length === 0 ? all : real)?.id === id;
  const own = (series: SeriesStory) => ({
    downstream: joined(
      series.downstream,
      downstream.flatMap(({ path, curves }) => (isOf(path, series) ? curves : [])),
    ),
    logs: logs.flatMap(({ path, log }) => (isOf(path, series) ? [log] : [])),
  });
  return runs.map((run) => ({ ...run, series: run.series.map((series) => ({ ...series, ...own(series) })) }));
}
