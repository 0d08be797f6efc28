/** `eigentrace sweep`: how a checkpoint's figures depend on N, length, corpus, layer and position. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { count, duration } from '../format.js';
import type { SweepRequest } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { sweepSettings } from '../settings/sweep.js';
import { printable, styleOf } from '../style.js';
import { sweepPlanText, sweepTables } from '../sweep-text.js';
import { json, watched } from '../watch.js';

export const sweep = command({
  name: 'sweep',
  summary: 'How a figure depends on N, sequence length, corpus, layer and position.',
  description:
    'Measures a checkpoint, or every checkpoint of a series, under one option varied at a time: the number of ' +
    'sequences, their length, the corpus, the layer, the position. One forward pass serves all points that it can: ' +
    'parts of the rows, cuts of the sequences, layers, and the positions last and mean.',
  usage: 'SERIES --corpus CORPUS --out RUN --over WHAT [--values …] [--over WHAT …] [options]',
  examples: [
    {
      does: 'is N large enough? A sixteenth to all of the sequences',
      type: 'eigentrace sweep checkpoints/step1000 --corpus heldout.jsonl --out run --over n',
    },
    {
      does: 'N, length, layer and position at once, in one forward pass',
      type: 'eigentrace sweep checkpoints/step1000 --corpus heldout.jsonl --out run --over n --over length --over layer --over position',
    },
    {
      does: 'chosen values, one --values for each --over in the same order',
      type: 'eigentrace sweep checkpoints/ --corpus heldout.jsonl --out run --over n --values 500,2000,8000 --over length --values 64,256',
    },
    {
      does: 'two corpora',
      type: 'eigentrace sweep checkpoints/step1000 --corpus a.jsonl --out run --over corpus --values a.jsonl,b.jsonl',
    },
  ],
  settings: sweepSettings,
  notes: [
    'Values that are not given: n a sixteenth, an eighth, … to all of the sequences; length the same of --max-tokens; ' +
      'layer all; position last,mean; corpus needs them.',
    'Each point is stored in RUN as a variant with the same key and figures as a plain trace with that option; the rest ' +
      'of the options holds for all. A run of the same command measures what is missing.',
  ],
  async run(resolved, context) {
    const request = requestOf(resolved);
    const { json: asJson, quiet, dryRun } = resolved.values;
    const library = await context.library();
    const style = styleOf(context.stdout, context.env);
    if (dryRun) {
      const plan = await watched(context, quiet, (hooks) => library.planSweep(request, hooks));
      context.stdout.write(asJson ? json(plan) : sweepPlanText(plan, request.base.out, style));
      return exitStatus.done;
    }
    const start = context.clock.now();
    const result = await watched(context, quiet, (hooks) => library.sweep(request, hooks));
    const { results } = result;
    const limit = Math.max(60, widthOf(context.stdout));
    context.stdout.write(asJson ? json(result) : sweepTables(results, style, limit));
    const number = (state: string): number => results.filter((r) => r.state === state).length;
    const failed = number('failed');
    if (!quiet) {
      const seconds = (context.clock.now() - start) / 1000;
      context.stderr.write(
        `${count(results.length, 'point')}: ${number('measured')} measured, ${number('reused')} reused, ${failed} failed; ` +
          `${result.forwardPasses} forward ${result.forwardPasses === 1 ? 'pass' : 'passes'}, ${duration(seconds)}; in ${printable(result.run)}\n`,
      );
      if (result.interrupted) context.stderr.write('interrupted: the same command goes on from here\n');
      else if (failed > 0) context.stderr.write('the same command tries the failed ones again\n');
    }
    if (result.interrupted) return exitStatus.interrupted;
    if (failed === 0) return exitStatus.done;
    return failed === results.length ? exitStatus.failed : exitStatus.partly;
  },
});

function requestOf(resolved: Resolved<typeof sweepSettings>): SweepRequest {
  const { values } = resolved;
  const over = required(sweepSettings, resolved, 'over');
  const lists = values.values;
  if (lists.length > 0 && lists.length !== over.length) {
    const got = `${count(lists.length, 'list')} for ${over.length} --over`;
    throw new EigentraceError(
      'usage',
      `--values: got ${got} (expected one for each --over in the same order, or none)`,
    );
  }
  const { sequences, minTokens, maxTokens, seed, rows, position, layers, errors, alphaRange } = values;
  return {
    base: {
      series: required(sweepSettings, resolved, 'series'),
      corpus: required(sweepSettings, resolved, 'corpus'),
      out: required(sweepSettings, resolved, 'out'),
      ...{ features: null, nll: false, control: [], controlSeed: 0, saveFeatures: false },
      ...{ revisions: values.revisions, tokensPerStep: values.tokensPerStep, field: values.field },
      ...{ sequences, minTokens, maxTokens, seed, rows, position, layers, errors, alphaRange },
      ...{
        device: values.device,
        precision: values.precision,
        memory: values.memory,
        threads: values.threads,
        force: values.force,
      },
    },
    sweeps: over.map((what, i) => ({
      over: what,
      values: lists[i] === undefined ? null : lists[i].split(',').map((value) => value.trim()),
    })),
  };
}
