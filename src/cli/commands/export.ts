/** `eigentrace export`: a run as one tidy table. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import { required } from '../resolve.js';
import { exportSettings } from '../settings.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

export const exportCommand = command({
  name: 'export',
  summary: 'A run as one tidy table: json, jsonl, csv, parquet or npy.',
  description:
    'Writes a run as one tidy table: a row a checkpoint, layer and position, in order of stage and step, float64 in ' +
    'full precision. An absent figure is empty (null), its reason stands in flags.',
  usage: 'RUN [--format FORMAT] [--out FILE] [options]',
  examples: [
    { does: 'CSV on stdout', type: 'eigentrace export run' },
    { does: 'Parquet for DuckDB or pandas', type: 'eigentrace export run --format parquet --out run.parquet' },
    { does: "the published code's layout, for NumPy", type: 'eigentrace export run --format npy --out run.npy' },
    { does: 'RankMe by step with jq', type: "eigentrace export run --format jsonl | jq -r '[.step, .rankme] | @tsv'" },
  ],
  settings: exportSettings,
  notes: ['With --json and no --out the table itself is the JSON; with --out the JSON says what was written.'],
  async run(resolved, context) {
    const { values, origins } = resolved;
    const run = required(exportSettings, resolved, 'run');
    const out = values.exportOut;
    const named = formatOf(out);
    let format = origins.format === 'default' ? (named ?? values.format) : values.format;
    if (values.json && out === null) {
      if (origins.format?.startsWith('option') && format !== 'json') {
        throw new EigentraceError(
          'usage',
          `--json: stdout holds JSON alone, got --format ${format} (expected --out FILE as well)`,
        );
      }
      format = 'json';
    }
    if (out === null && context.stdout.isTTY === true && (format === 'parquet' || format === 'npy')) {
      throw new EigentraceError('usage', `--out: is missing, ${format} is not for a terminal (expected a file)`);
    }
    const library = await context.library();
    const result = await library.exportRun(run, {
      ...{ format, table: values.table, out },
      ...(values.seriesName === null ? {} : { series: values.seriesName }),
      ...(values.stage === null ? {} : { stage: values.stage }),
      ...(values.layer === null ? {} : { layer: values.layer }),
      ...(values.variant === null ? {} : { variant: values.variant }),
    });
    if (result.content !== null) context.stdout.write(result.content);
    else if (values.json) context.stdout.write(json({ path: result.path, format, notes: result.notes }));
    if (!values.quiet) {
      if (result.path !== null) context.stderr.write(`written: ${printable(result.path)}\n`);
      for (const note of result.notes) context.stderr.write(`note: ${printable(note)}\n`);
    }
    return exitStatus.done;
  },
});

/** The format that a file's name asks for. */
function formatOf(out: string | null): 'json' | 'jsonl' | 'csv' | 'parquet' | 'npy' | undefined {
  const ending = /\.([a-z]+)$/.exec(out ?? '')?.[1];
  return (['json', 'jsonl', 'csv', 'parquet', 'npy'] as const).find((format) => format === ending);
}
