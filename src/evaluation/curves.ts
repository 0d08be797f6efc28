/** Findings of tasks in a run as curves over its checkpoints: what RUN/tasks says, as result files from elsewhere say it. */
import type { Finding } from '../record/index.js';
import type { DownstreamCurve } from '../story/index.js';

/** Where they come from, for labels. */
export const ownSource = 'this run';

/** What is read of a finding of tasks. */
export type TaskFinding = Pick<
  Finding,
  'series' | 'stage' | 'revision' | 'step' | 'tokens' | 'variant' | 'control' | 'options' | 'values'
> & {
  /** By metric: its value without each group of questions, where that is wanted. */
  readonly replicates?: Readonly<Record<string, readonly number[]>>;
};

/** By name of the series; nulls left out. `findings`: in the order of their series, stages and steps. */
export function taskCurves(findings: readonly TaskFinding[]): Map<string, DownstreamCurve[]> {
  const real = findings.filter(({ control }) => !control);
  const asked = new Map<string, Set<string>>();
  for (const { series, values, variant } of real) {
    for (const { name } of values) {
      const key = JSON.stringify([series, name]);
      asked.set(key, (asked.get(key) ?? new Set()).add(variant ?? ''));
    }
  }
  const curves = new Map<string, Map<string, DownstreamCurve>>();
  for (const finding of real) {
    const { series, stage, revision, step, tokens, variant, options, values } = finding;
    const own = curves.get(series) ?? new Map<string, DownstreamCurve>();
    curves.set(series, own);
    // The same task asked twice, with a limit and without: two curves, told apart.
    const isShared = (name: string): boolean => (asked.get(JSON.stringify([series, name]))?.size ?? 0) > 1;
    const limit = options['limit'];
    const apart = typeof limit === 'number' ? `first ${limit}` : variant === null ? null : `variant ${variant}`;
    for (const { name, metric, value, se, n } of values) {
      if (value === null) continue;
      const task = isShared(name) && apart !== null ? `${name} (${apart})` : name;
      const key = JSON.stringify([task, metric]);
      const curve = own.get(key) ?? { task, metric, source: ownSource, points: [] };
      const left = finding.replicates?.[metric];
      const point = { stage, revision, step, tokens, value, se, n, ...(left ? { replicates: left } : {}) };
      own.set(key, { ...curve, points: [...curve.points, point] });
    }
  }
  return new Map([...curves].map(([series, found]) => [series, [...found.values()]]));
}

/**
 * The curves of a run and of files beside it as one list: a file that repeats what the run holds (RUN/lm-eval, given
 * again) is left out, one that says something else of the same task keeps its name beside it.
 */
export function joined(own: readonly DownstreamCurve[], imported: readonly DownstreamCurve[]): DownstreamCurve[] {
  const isSame = (a: DownstreamCurve, b: DownstreamCurve): boolean => a.task === b.task && a.metric === b.metric;
  const places = (curve: DownstreamCurve) =>
    new Map(curve.points.map(({ stage, step, revision, value }) => [`${stage}\n${step ?? revision ?? ''}`, value]));
  const repeats = (curve: DownstreamCurve, known: DownstreamCurve): boolean => {
    const values = places(known);
    return [...places(curve)].every(([place, value]) => {
      const held = values.get(place);
      // The harness and its readers print as many digits as they like.
      return held !== undefined && Math.abs(held - value) <= 1e-9 * Math.max(1, Math.abs(held));
    });
  };
  const all = [...own];
  for (const curve of imported) {
    const same = all.filter((known) => isSame(known, curve));
    if (same.some((known) => repeats(curve, known))) continue;
    all.push(same.length === 0 ? curve : { ...curve, task: `${curve.task} (${curve.source})` });
  }
  return all;
}

/** The series that a path belongs to: of those whose name it holds the longest, else the first. */
export function ownerOf<S extends { readonly name: string }>(path: string, series: readonly S[]): S | undefined {
  const named = series.filter(({ name }) => path.includes(name)).sort((a, b) => b.name.length - a.name.length);
  return named[0] ?? series[0];
}
