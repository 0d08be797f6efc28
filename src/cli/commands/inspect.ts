/** `eigentrace inspect`: what a checkpoint is, and where its bytes lie. */
import { basename } from 'node:path';
import { pad, widthOf, type Column } from '../columns.js';
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import { bytes, count, si } from '../format.js';
import type { Inspection } from '../library.js';
import { required } from '../resolve.js';
import { inspectSettings } from '../settings/represent.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

export const inspect = command({
  name: 'inspect',
  summary: 'What a checkpoint is: architecture, parameters, dtypes, files, tensors.',
  description:
    'Shows what a checkpoint folder holds, from its config and the headers of its weight files; no weight is read. ' +
    'What would stop a trace is said, and stops nothing here.',
  usage: 'CHECKPOINT [--tensors] [options]',
  examples: [
    { does: 'what is it, and can it be traced?', type: 'eigentrace inspect checkpoints/step1000' },
    {
      does: 'every tensor with dtype, shape and byte range',
      type: 'eigentrace inspect checkpoints/step1000 --tensors',
    },
    {
      does: 'the largest tensor with jq',
      type: "eigentrace inspect checkpoints/step1000 --json | jq '.tensors | max_by(.bytes)'",
    },
  ],
  settings: inspectSettings,
  notes: ['Tensors of many blocks are one line, unless --tensors asks for each; --json has them all.'],
  async run(resolved, context) {
    const { values } = resolved;
    const path = required(inspectSettings, resolved, 'checkpoint');
    const library = await context.library();
    const inspection = await library.inspect(path);
    context.stdout.write(values.json ? json(inspection) : printable(textOf(inspection, values.tensors)));
    if (!values.quiet && !values.json) {
      for (const note of inspection.notes) context.stderr.write(`note: ${printable(note)}\n`);
    }
    return exitStatus.done;
  },
});

function textOf(inspection: Inspection, everyTensor: boolean): string {
  const { architecture, model, dtypes, files, tokenizer, problems } = inspection;
  const facts: [string, string][] = [
    // A GGUF file is its own config.
    ['checkpoint', inspection.config.path.endsWith('.gguf') ? inspection.config.path : inspection.folder],
    ...(inspection.base === null ? [] : [['base model', inspection.base] as [string, string]]),
    ['architecture', architectureText(architecture)],
  ];
  if (model) {
    const { all, nonEmbedding } = model.parameters;
    facts.push(
      ['parameters', `${si(all)} (${all.toLocaleString('en-US')}; ${si(nonEmbedding)} without embeddings)`],
      ['shape', `${count(model.layers, 'layer')} of width ${model.width}, vocabulary ${model.vocabulary}`],
    );
    if (model.positions !== null) facts.push(['positions', `${model.positions} tokens`]);
  }
  for (const { dtype, tensors, elements, bytes: size } of dtypes) {
    facts.push(['stored', `${dtype}: ${count(tensors, 'tensor')}, ${si(elements)} elements, ${bytes(size)}`]);
  }
  for (const { name, bytes: size, sha256 } of files) {
    facts.push(['file', `${name}, ${bytes(size)}, sha256 ${sha256 ?? 'not known yet'}`]);
  }
  facts.push(['config', inspection.config.path], ['tokenizer', tokenizer?.path ?? 'none']);
  facts.push(...problems.map((problem): [string, string] => ['not traced', problem]));
  if (problems.length === 0) facts.push(['traced', 'yes']);
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value], i) => {
    const isAgain = facts[i - 1]?.[0] === name;
    return `${(isAgain ? '' : name).padEnd(width)}   ${value}`;
  });
  return `${lines.join('\n')}\n\n${tableOf(everyTensor ? everyRow(inspection) : groupedRows(inspection))}`;
}

function architectureText({ modelType, title, nearest }: Inspection['architecture']): string {
  if (modelType === null) return 'unknown: config.json has no model_type';
  return title === null ? `unknown: ${modelType} (nearest known: ${nearest.join(', ')})` : `${title}, ${modelType}`;
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

function everyRow({ tensors }: Inspection): Column[] {
  return [
    { head: 'tensor', side: 'left', cells: tensors.map(({ name }) => name) },
    { head: 'dtype', side: 'left', cells: tensors.map(({ dtype }) => dtype) },
    { head: 'shape', side: 'left', cells: tensors.map(({ shape }) => shapeText(shape)) },
    { head: 'file', side: 'left', cells: tensors.map(({ file }) => basename(file)) },
    { head: 'offset', side: 'right', cells: tensors.map(({ offset }) => String(offset)) },
    { head: 'bytes', side: 'right', cells: tensors.map(({ bytes: size }) => String(size)) },
  ];
}

/** Tensors that differ by a number in their name only, of one dtype and shape, as one row. */
function groupedRows({ tensors }: Inspection): Column[] {
  const groups = new Map<string, { name: string; dtype: string; shape: string; count: number; bytes: number }>();
  for (const tensor of tensors) {
    const [name, shape] = [tensor.name.replace(/(?<=\.)\d+(?=\.)/g, '*'), shapeText(tensor.shape)];
    const key = [name, tensor.dtype, shape].join(' ');
    const group = groups.get(key) ?? { name, dtype: tensor.dtype, shape, count: 0, bytes: 0 };
    group.count++;
    group.bytes += tensor.bytes;
    groups.set(key, group);
  }
  const rows = [...groups.values()];
  return [
    { head: 'tensor', side: 'left', cells: rows.map(({ name }) => name) },
    { head: 'count', side: 'right', cells: rows.map((row) => String(row.count)) },
    { head: 'dtype', side: 'left', cells: rows.map(({ dtype }) => dtype) },
    { head: 'shape', side: 'left', cells: rows.map(({ shape }) => shape) },
    { head: 'size', side: 'right', cells: rows.map((row) => bytes(row.bytes)) },
  ];
}

function tableOf(columns: readonly Column[]): string {
  const widths = columns.map(widthOf);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i]!, columns[i]!.side))
      .join('   ')
      .trimEnd();
  const rows = columns[0]!.cells.map((_, row) => columns.map(({ cells }) => cells[row]!));
  return [columns.map(({ head }) => head), ...rows].map((cells) => `${line(cells)}\n`).join('');
}
