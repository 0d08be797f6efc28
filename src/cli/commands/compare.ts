/** `eigentrace compare`: runs against one another, or a run against its controls. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { comparisonText } from '../comparison-table.js';
import { exitStatus, widthOf } from '../context.js';
import { compareSettings } from '../settings/compare.js';
import { printable, styleOf } from '../style.js';
import { json } from '../watch.js';

export const compare = command({
  name: 'compare',
  summary: 'Two runs on one axis, or a run against its controls: differences with errors.',
  description:
    'Compares curves checkpoint by checkpoint: the difference with its standard error (paired by the jackknife’s left-outs ' +
    'on the same rows, variances added on rows that share nothing), its 95 % interval, a p-value corrected over the ' +
    'checkpoints, and how the curves go together. What was measured differently is refused, and named. One run that ' +
    'holds controls is compared with them.',
  usage: 'RUN [RUN…] [options]',
  examples: [
    { does: 'two series on the same text', type: 'eigentrace compare run-a run-b' },
    { does: 'a run against its nulls', type: 'eigentrace compare run --against shuffled-tokens' },
    { does: 'models of other checkpoints', type: 'eigentrace compare small large --interpolate' },
    { does: 'for a program', type: 'eigentrace compare run-a run-b --figure rankme --json' },
  ],
  settings: compareSettings,
  notes: [
    'A difference is the second less the first; against a control, the series less its null. Correlations of levels are ' +
      'descriptive: only that of steps between neighbours carries a p-value.',
  ],
  async run({ values }, context) {
    const runs = values.compareRuns;
    if (runs.length === 0) throw new EigentraceError('usage', 'RUN: is missing (expected folders that trace wrote)');
    const figures = values.figures
      .flatMap((text) => text.split(',').map((name) => name.trim()))
      .filter((name) => name !== '');
    const library = await context.library();
    const result = await library.compareRuns(runs, {
      ...(figures.length === 0 ? {} : { figures }),
      ...(values.compareSeries === null ? {} : { series: values.compareSeries }),
      ...(values.stage === null ? {} : { stage: values.stage }),
      ...(values.compareLayer === null ? {} : { layer: values.compareLayer }),
      ...(values.comparePosition === null ? {} : { position: values.comparePosition }),
      ...(values.axis === 'auto' ? {} : { axis: values.axis }),
      ...(values.against === null ? {} : { against: values.against }),
      rows: values.rowsAre === 'auto' ? null : values.rowsAre,
      interpolate: values.interpolate,
      anyway: values.anyway,
    });
    const style = styleOf(context.stdout, context.env);
    const limit = Math.max(60, widthOf(context.stdout));
    if (values.json) context.stdout.write(json(result));
    else context.stdout.write(result.comparisons.map((one) => comparisonText(one, style, limit)).join('\n'));
    if (!values.quiet) for (const note of result.notes) context.stderr.write(`note: ${printable(note)}\n`);
    return exitStatus.done;
  },
});
