/** `eigentrace import`: results made elsewhere, into a run. */
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import { count } from '../format.js';
import { required } from '../resolve.js';
import { importSettings } from '../settings/import.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

export const importCommand = command({
  name: 'import',
  summary: "The published code's results file (.npy) as a run.",
  description:
    "Reads results_<model>.npy, the published code's pickled dict of steps (NumPy 1 or 2), into a run: one measurement a " +
    'step, beside which your own can be laid. What the file does not hold is null and says so; nothing of it is run.',
  usage: 'FILE --out RUN [--name NAME] [--stage NAME] [options]',
  examples: [
    {
      does: 'the published Pythia results as a run',
      type: 'eigentrace import results_pythia-160m.npy --out published',
    },
    { does: 'its figures as a table', type: 'eigentrace export published' },
  ],
  settings: importSettings,
  notes: ['A measurement that trace made is never replaced: give the import another --name, or another RUN.'],
  async run(resolved, context) {
    const { values } = resolved;
    const file = required(importSettings, resolved, 'importFile');
    const out = required(importSettings, resolved, 'out');
    const library = await context.library();
    const result = await library.importPublished(file, { out, series: values.importSeries, stage: values.importStage });
    if (values.json) context.stdout.write(json(result));
    if (!values.quiet) {
      const { series, stage, revisions } = result;
      context.stderr.write(
        `imported: ${count(revisions.length, 'checkpoint')} of ${printable(`${series}/${stage}`)} into ${printable(out)}\n`,
      );
    }
    return exitStatus.done;
  },
});
