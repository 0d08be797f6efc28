/** `eigentrace phases`: what a run's curves do, by which rule and on what evidence. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { phasesText } from '../phases-text.js';
import { required } from '../resolve.js';
import { phasesSettings } from '../settings/phases.js';
import { printable, styleOf } from '../style.js';
import { json } from '../watch.js';

export const phases = command({
  name: 'phases',
  summary: 'The phases of training that RankMe and α show, with the evidence.',
  description:
    'Reads the curves of RankMe and α from a run and finds where they turn: warmup (RankMe falls, α rises), ' +
    'entropy-seeking (RankMe rises, α falls), compression-seeking (RankMe falls, α rises), more or fewer of them as ' +
    'they come. Prints the rule, its thresholds and the evidence of each turning point, and stores them in RUN/phases.',
  usage: 'RUN [options]',
  examples: [
    { does: 'what did this run do?', type: 'eigentrace phases run' },
    { does: 'one layer, a stricter rule', type: 'eigentrace phases run --layer 6 --standard-errors 5 --change 0.1' },
    {
      does: "where RankMe's maximum is, with jq",
      type: 'eigentrace phases run --json | jq \'.findings[0].phases.rankme.turningPoints[] | select(.kind == "maximum")\'',
    },
  ],
  settings: phasesSettings,
  notes: [
    'No model is needed. A run measured with --errors none has no standard errors: changes count by their size alone.',
    'The same numbers as a table: eigentrace export RUN --table phases.',
  ],
  async run(resolved, context) {
    const { values } = resolved;
    const run = required(phasesSettings, resolved, 'run');
    const library = await context.library();
    const found = await library.findPhases(run, {
      standardErrors: values.standardErrors,
      rankmeChange: Math.log1p(values.change),
      alphaChange: values.alphaChange ?? values.change,
      scatter: !values.ignoreScatter,
      ...(values.seriesName === null ? {} : { series: values.seriesName }),
      ...(values.stage === null ? {} : { stage: values.stage }),
      ...(values.layer === null ? {} : { layer: values.layer }),
      ...(values.variant === null ? {} : { variant: values.variant }),
    });
    if (found.findings.length === 0 && !values.json) {
      const why = found.notes[0] ?? 'it holds no measurement';
      throw new EigentraceError('input', `${run}: no curve to read phases from, ${why}`);
    }
    if (values.json) context.stdout.write(json(found));
    else {
      const style = styleOf(context.stdout, context.env);
      const width = widthOf(context.stdout);
      context.stdout.write(found.findings.map((finding) => phasesText(finding, width, style)).join('\n'));
    }
    if (!values.quiet) {
      if (found.stored.length > 0) {
        context.stderr.write(`stored: ${printable(found.stored.map((file) => `${found.run}/${file}`).join(', '))}\n`);
      }
      for (const note of found.notes) context.stderr.write(`note: ${printable(note)}\n`);
    }
    return exitStatus.done;
  },
});
