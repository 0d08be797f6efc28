/** `eigentrace verify`: whether a run is as it was written, and whether its figures follow from its spectra. */
import { command } from '../command.js';
import { exitStatus, widthOf, type Context } from '../context.js';
import { bytes, count, cut, wrap } from '../format.js';
import { interruptible } from '../interrupt.js';
import type { Verification } from '../library.js';
import { required } from '../resolve.js';
import { Screen } from '../screen.js';
import { verifySettings } from '../settings/compare.js';
import { printable, styleOf, type Style } from '../style.js';
import { json } from '../watch.js';

export const verify = command({
  name: 'verify',
  summary: 'Whether a run is as it was written, every figure recomputed.',
  description:
    'Recomputes every figure, error and flag of a run from its stored eigenvalues and sums, checks the hashes of what ' +
    "can't be recomputed, the files' places and forms, and what must hold between the spectra whatever the rows were. " +
    'A file is named only when something is wrong with it. No model is needed, nothing is written.',
  usage: 'RUN [--deep] [options]',
  examples: [
    { does: 'is this run what its maker measured?', type: 'eigentrace verify run' },
    { does: 'the spectra too, from rows that --save-features kept', type: 'eigentrace verify run --deep' },
    { does: 'in a script', type: 'eigentrace verify run --quiet && eigentrace export run' },
  ],
  settings: verifySettings,
  notes: [
    'Exit status 4 when a file was changed, damaged or lost. Hashes carry no secret: whoever replaces rows, spectra and ' +
      'all hashes by others that fit one another is not found out.',
  ],
  async run(resolved, context) {
    const { values } = resolved;
    const run = required(verifySettings, resolved, 'run');
    const library = await context.library();
    const screen = new Screen(context.stderr, context.env);
    const result = await interruptible(context, screen, (signal) =>
      library.verifyRun(run, {
        deep: values.deep,
        threads: values.threads,
        signal,
        onProgress: (done, of, file) => {
          if (!values.quiet) screen.show(cut(`verifying ${done}/${of}  ${printable(file)}`, screen.width));
        },
      }),
    );
    if (values.json) context.stdout.write(json(result));
    else context.stdout.write(text(result, values.quiet, context));
    return result.sound ? exitStatus.done : exitStatus.integrity;
  },
});

function text(result: Verification, quiet: boolean, context: Context): string {
  const style = styleOf(context.stdout, context.env);
  const width = widthOf(context.stdout);
  const lines: string[] = [];
  for (const file of new Set(result.problems.map((problem) => problem.file))) {
    lines.push(style.bad(printable(file)));
    for (const { message } of result.problems.filter((problem) => problem.file === file)) {
      lines.push(...wrap(printable(message), width - 2).map((line, i) => (i === 0 ? '  ' : '    ') + line));
    }
  }
  if (quiet && result.sound) return '';
  lines.push(...(lines.length > 0 ? [''] : []), verdict(result, style), ...(quiet ? [] : facts(result, width, style)));
  return `${lines.join('\n')}\n`;
}

function verdict({ run, problems, sound, checked }: Verification, style: Style): string {
  const name = printable(run);
  if (!sound) {
    const files = new Set(problems.map(({ file }) => file)).size;
    return style.bad(`${name}: ${count(files, 'file')} ${files === 1 ? 'is' : 'are'} not as written`);
  }
  if (checked.measurements + checked.findings === 0) return `${name}: holds no measurement yet`;
  return style.good(`${name}: as it was written`);
}

function facts({ checked, unchecked, notes }: Verification, width: number, style: Style): string[] {
  const { measurements, layers, figures, spectra, rows, findings } = checked;
  const facts: [string, string][] = [];
  if (measurements > 0 || findings === 0)
    facts.push(['hashed', `${count(measurements, 'measurement')} and ${bytes(checked.bytes)} of their arrays`]);
  if (findings > 0)
    facts.push(['hashed', `${count(findings, 'finding')} (tasks, memorization, …: not computed again)`]);
  if (figures > 0) {
    const stored = spectra === 1 ? '1 stored spectrum' : `${spectra.toLocaleString('en-US')} stored spectra`;
    const of = `${count(layers, 'layer')} from ${stored}`;
    facts.push(['recomputed', `${figures.toLocaleString('en-US')} figures, errors and left-out values of ${of}`]);
  }
  if (rows > 0) facts.push(['from rows', `spectra and sums of ${count(rows, 'row')}`]);
  for (const { what, why, files } of unchecked) facts.push(['unchecked', `${what} (${count(files, 'file')}): ${why}`]);
  for (const note of notes) facts.push(['note', note]);
  return facts.flatMap(([name, value], at) =>
    wrap(printable(value), width - 14).map((line, i) => {
      const head = i === 0 && facts[at - 1]?.[0] !== name ? name : '';
      return `  ${style.dim(head.padEnd(10))}  ${line}`;
    }),
  );
}
