/** `eigentrace doctor`: what this machine has. */
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import { doctorSettings } from '../settings/metrics.js';
import { printable, styleOf } from '../style.js';
import { json } from '../watch.js';

export const doctor = command({
  name: 'doctor',
  summary: 'What this machine has: cores, memory, onnxruntime, WebAssembly, folders.',
  description: 'Shows what eigentrace finds on this machine, and what is missing. Include it in a bug report.',
  usage: '[options]',
  examples: [
    { does: 'is this machine fit for it?', type: 'eigentrace doctor' },
    { does: 'for a program', type: 'eigentrace doctor --json' },
  ],
  settings: doctorSettings,
  notes: ['Exit status 1 when something that every trace needs is missing.'],
  async run({ values }, context) {
    const library = await context.library();
    const diagnosis = await library.diagnose();
    if (values.json) context.stdout.write(json(diagnosis));
    else {
      const style = styleOf(context.stdout, context.env);
      const width = Math.max(...diagnosis.facts.map((f) => f.name.length));
      for (const { name, value, ok, hint } of diagnosis.facts) {
        const mark = ok === null ? '    ' : ok ? style.good('ok  ') : style.bad('no  ');
        context.stdout.write(`${mark}${name.padEnd(width)}   ${printable(value)}\n`);
        if (hint !== null) context.stdout.write(`    ${' '.repeat(width)}   ${printable(hint)}\n`);
      }
    }
    return diagnosis.ready ? exitStatus.done : exitStatus.failed;
  },
});
