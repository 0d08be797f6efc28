/** Which curves of tasks are meant: by name of the task, and of the metric. */
import { EigentraceError, nearest } from '../errors.js';
import type { DownstreamCurve } from '../story/index.js';

export interface TasksAsked {
  /** Names, or with `*` for any characters; empty: all. */
  readonly tasks: readonly string[];
  /** A metric of every task, or `all`; null: each task's main one. */
  readonly metric: string | null;
}

/** Metrics that tasks are told by, best known first; a task that has none of them is told by its first. */
const main = ['acc', 'exact_match', 'perplexity', 'bits_per_byte', 'word_perplexity'];
/** Tasks that papers on training dynamics show, before the others. */
const known = ['sciq', 'lambada_openai', 'lambada', 'piqa', 'arc_easy', 'arc_challenge', 'winogrande', 'hellaswag'];

/** In order: well-known tasks, then by name. Names that nothing fits are a `usage` error. */
export function tasksAsked(curves: readonly DownstreamCurve[], { tasks, metric }: TasksAsked): DownstreamCurve[] {
  const names = [...new Set(curves.map(({ task }) => task))];
  for (const name of tasks) {
    if (names.some((task) => fits(task, name))) continue;
    const near = nearest(name, names).join(', ');
    throw new EigentraceError('usage', `--tasks: no such task, got '${name}' (expected ${near})`);
  }
  const metrics = [...new Set(curves.map((curve) => curve.metric))];
  if (metric !== null && metric !== 'all' && !metrics.includes(metric)) {
    const near = nearest(metric, metrics).join(', ');
    throw new EigentraceError('usage', `--metric: no task has it, got '${metric}' (expected ${near}, or all)`);
  }
  const rank = (task: string): number => {
    const at = known.indexOf(task.replace(/ \(.*\)$/, ''));
    return at < 0 ? known.length : at;
  };
  return names
    .filter((task) => tasks.length === 0 || tasks.some((name) => fits(task, name)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .flatMap((task) => {
      const own = curves.filter((curve) => curve.task === task);
      if (metric === 'all') return own;
      if (metric !== null) return own.filter((curve) => curve.metric === metric);
      const name = main.find((wanted) => own.some((curve) => curve.metric === wanted)) ?? own[0]!.metric;
      return own.filter((curve) => curve.metric === name);
    });
}

function fits(task: string, name: string): boolean {
  if (!name.includes('*')) return task === name;
  const parts = name.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(task);
}
