/** `eigentrace report`: runs as one page in one file. */
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import { bytes } from '../format.js';
import { required } from '../resolve.js';
import { reportSettings } from '../settings/report.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

export const reportCommand = command({
  name: 'report',
  summary: 'Runs as one page in one file: findings, charts, tables, how it was measured.',
  description:
    'Writes one HTML file that opens from disk, offline: what was measured and how, the findings in sentences with their ' +
    'uncertainty, charts that respond, the table, warnings, and how to reproduce it. Without JavaScript it still reads.',
  usage: 'RUN… [--out FILE] [options]',
  examples: [
    { does: 'into report.html', type: 'eigentrace report run' },
    { does: 'two runs on one page', type: 'eigentrace report run-1b run-7b --out both.html --title "1B and 7B"' },
    {
      does: 'with the training log and downstream results beside the curves',
      type: 'eigentrace report run --log trainer_state.json --evaluations results/',
    },
  ],
  settings: reportSettings,
  notes: [
    'Damaged files of a run are named on the page, the rest is shown.',
    'The page holds names of checkpoints and of the corpus, never the corpus itself.',
  ],
  async run(resolved, context) {
    const { values } = resolved;
    const runs = required(reportSettings, resolved, 'runs');
    const library = await context.library();
    const { evaluations, logs, title } = values;
    const result = await library.writeReport(runs, values.reportOut, { evaluations, logs, title });
    if (values.json) context.stdout.write(json(result));
    if (!values.quiet) {
      context.stderr.write(`written: ${printable(result.path)} (${bytes(result.bytes)})\n`);
      for (const note of result.notes) context.stderr.write(`note: ${printable(note)}\n`);
    }
    return exitStatus.done;
  },
});
