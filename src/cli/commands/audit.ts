/** `eigentrace audit`: what is wrong with a series before anything is computed. */
import { auditText } from '../audit-text.js';
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { bytes, cut } from '../format.js';
import { interruptible } from '../interrupt.js';
import { required } from '../resolve.js';
import { Screen } from '../screen.js';
import { auditSettings } from '../settings/audit.js';
import { printable, styleOf } from '../style.js';
import { json } from '../watch.js';

export const audit = command({
  name: 'audit',
  summary: 'What is wrong with a series before computing anything: copies, gaps, damage, odd names.',
  description:
    'Looks at every revision of a series without running it: which serve the weights of another step, are incomplete, ' +
    'missing from the schedule, or differ from their neighbours in config, tokenizer, dtype or tensors; whose names say ' +
    'tokens or steps that cannot be. Weight files of one size are told apart by a few blocks, and only what is alike there ' +
    'is read whole, to be sure.',
  usage: 'SERIES [options]',
  examples: [
    { does: 'may this series be trusted?', type: 'eigentrace audit checkpoints/' },
    {
      does: 'against the list of what was published',
      type: 'eigentrace audit OLMo-2-7B/ --schedule OLMo-2-1124-7B.csv',
    },
    {
      does: 'in a script: trace it only when nothing is wrong but known gaps',
      type: 'eigentrace audit checkpoints/ --ignore missing --quiet && eigentrace trace checkpoints/ --corpus heldout.jsonl --out run',
    },
    {
      does: 'the revisions that serve the weights of another, with jq',
      type: `eigentrace audit checkpoints/ --json | jq -r '.revisions[] | select(.flags | index("identical-weights")).revision'`,
    },
  ],
  settings: auditSettings,
  notes: [
    'Exit status 4 when something is wrong: an error or a warning, not a note. docs/audit.md says what each finding ' +
      "means and what can't be seen. trace puts the same codes on its records' flags; --skip-flagged leaves those out.",
  ],
  async run(resolved, context) {
    const { values } = resolved;
    const series = required(auditSettings, resolved, 'series');
    const library = await context.library();
    const screen = new Screen(context.stderr, context.env);
    const result = await interruptible(context, screen, (signal) =>
      library.auditSeries(series, {
        ...{ tokensPerStep: values.tokensPerStep, schedule: values.schedule, ignore: values.ignore, signal },
        onProgress: (phase, done, of, revision) => {
          if (values.quiet) return;
          const what = {
            open: `reading ${done}/${of}  ${printable(revision ?? '')}`,
            compare: `comparing weight files ${done}/${of}`,
            hash: `proving copies ${bytes(done)} of ${bytes(of)}`,
          }[phase];
          screen.show(cut(what, screen.width));
        },
      }),
    );
    const style = styleOf(context.stdout, context.env);
    const { members, quiet } = values;
    if (values.json) context.stdout.write(json(result));
    else context.stdout.write(auditText(result, { members, quiet, limit: widthOf(context.stdout) }, style));
    if (!quiet && !values.json) for (const note of result.notes) context.stderr.write(`note: ${printable(note)}\n`);
    return result.sound ? exitStatus.done : exitStatus.integrity;
  },
});
