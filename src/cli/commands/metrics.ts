/** `eigentrace metrics`: what every number means. */
import { EigentraceError, nearest } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, widthOf } from '../context.js';
import { wrap } from '../format.js';
import type { Definition } from '../library.js';
import { metricsSettings } from '../settings/metrics.js';
import { styleOf, type Style } from '../style.js';
import { json } from '../watch.js';

export const metrics = command({
  name: 'metrics',
  summary: 'The catalogue of definitions: formula, source, inputs.',
  description: 'Prints what every figure means: its id, formula, source and what it is computed from.',
  usage: '[ID] [options]',
  examples: [
    { does: 'all of them', type: 'eigentrace metrics' },
    { does: 'one', type: 'eigentrace metrics rankme' },
    { does: 'for a program', type: 'eigentrace metrics --json' },
  ],
  settings: metricsSettings,
  notes: [],
  async run({ values }, context) {
    const { definitions } = await context.library();
    const ids = definitions.map((d) => d.id);
    if (values.metric !== null && !ids.includes(values.metric)) {
      const near = nearest(values.metric, ids).join(', ');
      throw new EigentraceError(
        'usage',
        `unknown definition, got ${values.metric} (nearest: ${near}; all of them: eigentrace metrics)`,
      );
    }
    const chosen = definitions.filter((d) => values.metric === null || d.id === values.metric);
    const style = styleOf(context.stdout, context.env);
    const width = widthOf(context.stdout);
    if (values.json) context.stdout.write(json(values.metric === null ? chosen : chosen[0]));
    else context.stdout.write(chosen.map((d) => entry(d, width, style)).join('\n'));
    return exitStatus.done;
  },
});

function entry(definition: Definition, width: number, style: Style): string {
  const { formula, source, inputs, unit, range, notes } = definition;
  const facts: [string, string][] = [
    ['formula', formula],
    ['source', source],
    ['inputs', inputs.join('; ')],
    ['range', unit === '1' ? range : `${range} (${unit})`],
    ['notes', notes],
  ];
  const given = facts.filter(([, value]) => value !== '');
  const lines = given.flatMap(([name, value]) =>
    wrap(value, width - 11).map((line, i) => `  ${i === 0 ? style.dim(name.padEnd(9)) : ' '.repeat(9)}${line}`),
  );
  return `${[`${style.bold(definition.id)}   ${definition.name}`, ...lines].join('\n')}\n`;
}
