/** `eigentrace export`: a run as one tidy table, as scalars for an experiment tracker, or a chart of it as a file. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import type { ExportOptions } from '../library.js';
import { required } from '../resolve.js';
import { exportSettings, tables } from '../settings/export.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

/** Those of the library's figureCharts (a test compares them; importing them would make help load everything). */
const charts = [
  ['trajectory', 'RankMe above α over training, with phases; --figure NAME shows one figure alone'],
  ['scree', 'the eigenspectrum of a checkpoint (--at, and --and a second one), with the α fit'],
  ['spectrum-map', 'the whole spectrum over training, as colour'],
  ['layer-map', 'a figure (--figure) at every layer over training, as colour'],
  ['alpha-bands', 'α in bands of ranks over training'],
  ['downstream', 'downstream tasks over training, from RUN/tasks or --evaluations'],
  ['task-map', 'every task over training, as colour'],
  ['correlations', 'tasks by figures: correlations of increments, those with a small p marked'],
  ['correlations-levels', 'the same of levels, which are descriptive'],
  ['memorization', 'ρ between likelihoods and the ∞-gram over training, from RUN/memorization'],
  ['suffix-lengths', 'how long the suffixes are that the index holds, as shares of tokens'],
  ['likelihoods', 'both likelihoods of every answer at the last checkpoint'],
  [
    'ablation',
    'what is still answered with eigen-directions removed or kept at a checkpoint (--at), from RUN/ablation',
  ],
  [
    'directions',
    'the top eigen-directions’ shares of the variance, or what is left of them since the checkpoint before (--figure overlap), from RUN/directions',
  ],
  ['samples', 'how texts after a prompt (--figure, its number) repeat themselves over training, from RUN/samples'],
  ['training', 'losses and learning rate over training (--log)'],
] as const;

type Table = ExportOptions['format'];

export const exportCommand = command({
  name: 'export',
  summary: 'A run as a table (json, jsonl, csv, parquet, npy, for W&B), or a chart (svg, png).',
  description:
    'Writes a run as one tidy table: a row a checkpoint, layer and position, in order of stage and step, float64 in ' +
    'full precision; or what was found besides (--table). An absent figure is empty (null), its reason stands in flags. As svg or png it draws one chart for a ' +
    'paper: sizes in mm, 7–8 pt text, the font embedded.',
  usage: 'RUN [--format FORMAT] [--out FILE] [options]',
  examples: [
    { does: 'CSV on stdout', type: 'eigentrace export run' },
    { does: 'Parquet for DuckDB or pandas', type: 'eigentrace export run --format parquet --out run.parquet' },
    { does: "the published code's layout, for NumPy", type: 'eigentrace export run --format npy --out run.npy' },
    {
      does: 'RankMe and α over training, one column wide',
      type: 'eigentrace export run --chart trajectory --out run.svg',
    },
    {
      does: 'two spectra, two columns wide, 300 dots an inch',
      type: 'eigentrace export run --chart scree --at step64 --and step6000 --width 174 --out scree.png',
    },
    { does: 'what evaluate scored, a row a score', type: 'eigentrace export run --table tasks --out tasks.csv' },
    { does: 'RankMe by step with jq', type: "eigentrace export run --format jsonl | jq -r '[.step, .rankme] | @tsv'" },
  ],
  settings: exportSettings,
  notes: [
    'With --json and no --out the table itself is the JSON; with --out the JSON says what was written.',
    `Tables, with what a row is: ${tables.map(([name, row]) => `${name} (${row})`).join('; ')}.`,
    `Charts: ${charts.map(([name, shows]) => `${name} (${shows})`).join('; ')}.`,
    'W&B: --format wandb writes JSON lines; in Python: for row in map(json.loads, open(FILE)): run.log(row, step=row.pop("_step")). ' +
      'trackio: --format trackio writes a CSV; trackio.import_csv(FILE, project=NAME). Steps of later stages go on from the stage before.',
  ],
  async run(resolved, context) {
    const { values, origins } = resolved;
    const run = required(exportSettings, resolved, 'run');
    const out = values.exportOut;
    const named = formatOf(out);
    const isChosen = origins.format !== 'default';
    let format = isChosen ? values.format : (named ?? (values.chart === null ? values.format : 'svg'));
    if (values.chart !== null && format !== 'svg' && format !== 'png') {
      throw new EigentraceError(
        'usage',
        `--chart: is for svg and png, got --format ${format} (expected --format svg or png)`,
      );
    }
    if (values.stage !== null && (format === 'svg' || format === 'png')) {
      throw new EigentraceError(
        'usage',
        `--stage: is for tables, got --stage ${values.stage} (expected --x stages, which draws a lane a stage)`,
      );
    }
    if (values.json && out === null) {
      if (format === 'svg' || format === 'png' || (origins.format?.startsWith('option') && format !== 'json')) {
        throw new EigentraceError(
          'usage',
          `--json: stdout holds JSON alone, got --format ${format} (expected --out FILE as well)`,
        );
      }
      format = 'json';
    }
    if (out === null && context.stdout.isTTY === true && ['parquet', 'npy', 'svg', 'png'].includes(format)) {
      throw new EigentraceError('usage', `--out: is missing, ${format} is not for a terminal (expected a file)`);
    }
    const library = await context.library();
    const rows = {
      ...(values.seriesName === null ? {} : { series: values.seriesName }),
      ...(values.stage === null ? {} : { stage: values.stage }),
      ...(values.layer === null ? {} : { layer: values.layer }),
      ...(values.variant === null ? {} : { variant: values.variant }),
    };
    const figure =
      format === 'svg' || format === 'png'
        ? await library.exportFigure(run, {
            ...{ format, out, chart: values.chart ?? 'trajectory', width: values.chartWidth, axis: values.chartAxis },
            ...{ figure: values.figure, at: values.at, and: values.and },
            ...{ series: values.seriesName, layer: values.layer, variant: values.variant },
            ...{ logs: values.logs, evaluations: values.evaluations },
          })
        : null;
    const result =
      figure ?? (await library.exportRun(run, { format: format as Table, table: values.table, out, ...rows }));
    if (result.content !== null) context.stdout.write(result.content);
    else if (values.json) {
      const words = figure === null ? {} : { title: figure.title, description: figure.description };
      context.stdout.write(json({ path: result.path, format, ...words, notes: result.notes }));
    }
    if (!values.quiet) {
      if (result.path !== null) context.stderr.write(`written: ${printable(result.path)}\n`);
      for (const note of result.notes) context.stderr.write(`note: ${printable(note)}\n`);
    }
    return exitStatus.done;
  },
});

/** The format that a file's name asks for. */
function formatOf(out: string | null) {
  const ending = /\.([a-z]+)$/.exec(out ?? '')?.[1];
  return (['json', 'jsonl', 'csv', 'parquet', 'npy', 'svg', 'png'] as const).find((format) => format === ending);
}
