/** `eigentrace series`: writes a `series.json`, or shows what one would hold. */
import { relative } from 'node:path';
import { pad, widthOf, type Column } from '../columns.js';
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import { absent, count, si } from '../format.js';
import type { MadeSeries, SeriesRecipe } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { EigentraceError } from '../../errors.js';
import { seriesSettings } from '../settings/series.js';
import { printable, styleOf, type Style } from '../style.js';
import { json } from '../watch.js';

export const series = command({
  name: 'series',
  summary: 'Write a series.json: base → SFT → DPO → RLVR from folders and Hub ids.',
  description:
    'Puts checkpoints of several places together as one series: each stage with its checkpoints, steps, tokens and epochs. ' +
    'What is written is checked, read back and shown; without --out nothing is written.',
  usage: 'STAGE=PLACE [STAGE=PLACE…] [--out series.json] [options]',
  examples: [
    {
      does: 'a base model on the Hub and what was made of it here',
      type:
        'eigentrace series pretrain=EleutherAI/pythia-1b@step143000 sft=./sft-run dpo=./dpo-run --name mine ' +
        '--tokens-per-step 2097152 --epochs sft=100,200 --out series.json',
    },
    {
      does: 'some of the pretraining, the final models of what followed, with their steps',
      type: 'eigentrace series pretrain=./pretrain sft=./sft-final dpo=./dpo-final --revisions pretrain=log:24 --step sft=900 --step dpo=400 --out series.json',
    },
    {
      does: 'two runs of one stage, told apart by their folders',
      type: 'eigentrace series pretrain=./base/step143000 sft=./sft-seed1 sft=./sft-seed2 --out series.json',
    },
    { does: 'what does a folder hold?', type: 'eigentrace series checkpoints/' },
  ],
  settings: seriesSettings,
  notes: ['docs/series.md describes the file, and how to write one by hand.'],
  async run(resolved, context) {
    const { values } = resolved;
    const recipe = recipeOf(resolved);
    const library = await context.library();
    const made = await library.makeSeries(recipe, { out: values.seriesOut, overwrite: values.overwrite });
    const style = styleOf(context.stdout, context.env);
    context.stdout.write(
      values.json
        ? json(made.path === null ? made.file : { path: made.path, ...made.file })
        : textOf(made, context.cwd, style),
    );
    if (!values.quiet) {
      const unstepped = made.series.entries.filter(({ step }) => step === null).map((entry) => entry.stage);
      for (const stage of new Set(unstepped)) {
        context.stderr.write(`note: ${printable(stage)}: no step is known; --step ${printable(stage)}=N says it\n`);
      }
      const checked = made.series.entries.some(({ hub }) => hub) ? '; what lies on the Hub was not looked at' : '';
      if (made.path !== null) context.stderr.write(`written: ${printable(made.path)}${checked}\n`);
    }
    return exitStatus.done;
  },
});

function recipeOf(resolved: Resolved<typeof seriesSettings>): SeriesRecipe {
  const { values } = resolved;
  const parts = required(seriesSettings, resolved, 'parts').map((given) => {
    // `=` may be part of a path; a stage's name is a word.
    const [, stage, place] = /^([\w.-]+)=(.+)$/s.exec(given) ?? [null, null, given];
    return { stage: stage ?? null, place: place };
  });
  const steps = byStage('--step', values.stepOf, (text) => numberOf(text));
  return {
    parts,
    name: values.seriesTitle,
    tokensPerStep: values.tokensPerStep,
    tokenizer: values.seriesTokenizer,
    epochs: byStage('--epochs', values.epochs, (text) => {
      const numbers = text.split(',').map(numberOf);
      return numbers.includes(undefined) ? undefined : (numbers as number[]);
    }),
    steps,
    revisions: byStage('--revisions', values.revisionsOf, (text) => text),
    parents: byStage('--parent', values.parentOf, (text) => text),
    bases: byStage('--base', values.baseOf, (text) => text),
  };
}

function numberOf(text: string): number | undefined {
  return /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}

/** `sft=100,200` of an option that may be given once a stage. */
function byStage<T>(
  option: string,
  given: readonly string[],
  read: (text: string) => T | undefined,
): Record<string, T> {
  const values: Record<string, T> = {};
  for (const text of given) {
    const [, stage, value] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
    const what = stage === undefined ? undefined : read(value!);
    if (stage === undefined || what === undefined) {
      const { expected } = Object.values(seriesSettings).find(({ flag }) => flag === option)!;
      throw new EigentraceError('usage', `${option}: is not for a stage, got ${text} (expected ${expected})`);
    }
    if (Object.hasOwn(values, stage)) {
      throw new EigentraceError('usage', `${option}: is there twice for stage ${stage} (expected once)`);
    }
    values[stage] = what;
  }
  return values;
}

function textOf({ series: { name, stages, entries } }: MadeSeries, cwd: string, style: Style): string {
  const place = ({ folder, hub }: (typeof entries)[number]): string =>
    hub ? `${hub.id}@${hub.revision}` : relative(cwd, folder!) || '.';
  const columns: Column[] = [
    {
      head: 'stage',
      side: 'left',
      cells: entries.map(({ stage }, i) => (entries[i - 1]?.stage === stage ? '' : stage)),
    },
    { head: 'revision', side: 'left', cells: entries.map(({ revision }) => revision) },
    {
      head: 'step',
      side: 'right',
      cells: entries.map(({ step }) => (step === null ? absent : step.toLocaleString('en-US'))),
    },
    { head: 'tokens', side: 'right', cells: entries.map(({ tokens }) => (tokens === null ? absent : si(tokens))) },
    { head: 'place', side: 'left', cells: entries.map(place) },
  ];
  const shown = columns.map((column) => ({ ...column, cells: column.cells.map(printable) }));
  const widths = shown.map(widthOf);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i]!, shown[i]!.side))
      .join('  ')
      .trimEnd();
  const marked = stages.filter(({ epochs }) => epochs !== null && epochs.length > 0);
  return [
    style.bold(line(shown.map(({ head }) => head))),
    ...entries.map((_, row) => line(shown.map(({ cells }) => cells[row]!))),
    '',
    `${printable(name)}: ${count(entries.length, 'checkpoint')} in ${count(stages.length, 'stage')}`,
    ...marked.map((stage) => `epochs of ${printable(stage.name)} end at ${stage.epochs!.join(', ')}`),
    '',
  ].join('\n');
}
