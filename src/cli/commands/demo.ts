/** `eigentrace demo`: the bundled series from end to end, offline. */
import { command } from '../command.js';
import { conclude } from '../conclusion.js';
import { printable } from '../style.js';
import { ownReport } from '../own-report.js';
import { demoSettings } from '../settings/demo.js';
import { watched } from '../watch.js';

export const demo = command({
  name: 'demo',
  summary: 'Trace the bundled sample series, offline, in under two minutes.',
  description:
    'Traces the bundled sample series (20 checkpoints of a 0.9M-parameter model, from its random start through ' +
    'pretraining, SFT, DPO and RLVR), prints the table and writes the report. Needs no network.',
  usage: '[--out DIR] [options]',
  examples: [
    { does: 'into ./eigentrace-demo', type: 'eigentrace demo' },
    { does: 'elsewhere, and the result as JSON', type: 'eigentrace demo --out sample-run --json' },
  ],
  settings: demoSettings,
  notes: ['A second run reuses every measurement; --force measures again.'],
  async run({ values }, context) {
    const library = await context.library();
    const request = library.demoRequest(values.demoOut);
    const start = context.clock.now();
    const result = await watched(context, values.quiet, (hooks) =>
      library.trace({ ...request, threads: values.threads, force: values.force }, hooks),
    );
    const status = await conclude(result, (context.clock.now() - start) / 1000, values, context);
    if (!result.interrupted) await ownReport(library, result.run, values.quiet, context);
    if (!values.quiet && !result.interrupted) {
      const run = printable(result.run);
      context.stderr.write(
        `next: eigentrace serve ${run} · eigentrace export ${run} --out figures.csv · eigentrace trace --help\n`,
      );
    }
    return status;
  },
});
