/** `eigentrace relate`: what geometry has to do with tasks. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { relationsText } from '../relate-table.js';
import { relateSettings } from '../settings/relate.js';
import { printable, styleOf } from '../style.js';
import { json } from '../watch.js';

export const relate = command({
  name: 'relate',
  summary: 'What geometry has to do with tasks: correlations of levels and of steps, with p-values.',
  description:
    'Correlates every figure of the geometry with every task over the checkpoints that both have: levels (Pearson’s r, ' +
    'Spearman’s ρ), the increments between neighbouring checkpoints with a p-value, and the levels given ln(tokens). ' +
    'Tasks are those of RUN/tasks, which evaluate wrote, and result files of lm-evaluation-harness of one model; the step in ' +
    'their names or revisions says which checkpoint they are of.',
  usage: 'RUN [RUN…] [--evaluations PATH] [options]',
  examples: [
    { does: 'tasks that evaluate scored into the run', type: 'eigentrace relate run' },
    { does: 'result files of lm-evaluation-harness', type: 'eigentrace relate run --evaluations results/pythia-1b' },
    { does: 'two tasks, every figure', type: 'eigentrace relate run --tasks sciq,piqa --figures all' },
    { does: 'a row a number, for pandas', type: 'eigentrace relate run --out relations.csv' },
    {
      does: 'what moves with SciQ, with jq',
      type: "eigentrace relate run --figures all --json | jq '.series[].stages[].relations[] | select(.pHolm != null and .pHolm < 0.05) | .figure'",
    },
  ],
  settings: relateSettings,
  notes: [
    'Levels are descriptive: two curves that drift look correlated whatever made them (20–60 % of independent random walks ' +
      'do). Only increments carry p, of Pearson’s r; Holm’s is over all cells of the stage’s matrix.',
    'Errors (±) are jackknifed over whole curves: over the sequences that RankMe and α were measured on, and over the ' +
      'questions of tasks in RUN/tasks; result files hold no questions, so theirs lack that part. No model is needed.',
  ],
  async run({ values, origins }, context) {
    const runs = values.relateRuns;
    if (runs.length === 0) throw new EigentraceError('usage', 'RUN: is missing (expected folders that trace wrote)');
    const out = values.relateOut;
    const format = formatOf(out, values.relateFormat, origins.relateFormat !== 'default');
    if (out === null && format === 'parquet' && context.stdout.isTTY === true) {
      throw new EigentraceError('usage', '--out: is missing, parquet is not for a terminal (expected a file)');
    }
    if (values.json && out === null && format !== 'text' && format !== 'json') {
      throw new EigentraceError(
        'usage',
        `--json: stdout holds JSON alone, got --format ${format} (expected --out FILE as well)`,
      );
    }
    const library = await context.library();
    const [figures, tasks] = [names(values.relateFigures), names(values.relateTasks)];
    const result = await library.relateRuns(runs, {
      evaluations: values.evaluations,
      ...(figures.length === 0 ? {} : { figures }),
      ...(tasks.length === 0 ? {} : { tasks }),
      ...(values.relateMetric === null ? {} : { metric: values.relateMetric }),
      ...(values.compareSeries === null ? {} : { series: values.compareSeries }),
      ...(values.stage === null ? {} : { stage: values.stage }),
      ...(values.compareLayer === null ? {} : { layer: values.compareLayer }),
      ...(values.comparePosition === null ? {} : { position: values.comparePosition }),
    });
    if (format === 'text') {
      if (values.json) context.stdout.write(json(result));
      else context.stdout.write(relationsText(result, styleOf(context.stdout, context.env), widthOf(context.stdout)));
    } else {
      const { content, path } = await library.exportRelations(result, { format, out });
      if (content !== null) context.stdout.write(content);
      else if (values.json) context.stdout.write(json({ path, format, notes: result.notes }));
      if (path !== null && !values.quiet) context.stderr.write(`written: ${printable(path)}\n`);
    }
    if (!values.quiet) for (const note of result.notes) context.stderr.write(`note: ${printable(note)}\n`);
    return exitStatus.done;
  },
});

function names(given: readonly string[]): string[] {
  return given
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** What was asked for; of a file its ending, where nobody chose. */
function formatOf<T extends string>(
  out: string | null,
  format: T,
  isChosen: boolean,
): T | 'csv' | 'json' | 'jsonl' | 'parquet' {
  if (out === null) return format;
  const ending = /\.([a-z]+)$/.exec(out)?.[1];
  const named = (['csv', 'json', 'jsonl', 'parquet'] as const).find((name) => name === ending);
  if (isChosen && (format as string) !== 'text') return format;
  if (named !== undefined) return named;
  throw new EigentraceError('usage', `--out: no such format, got ${out} (expected .csv, .json, .jsonl or .parquet)`);
}
