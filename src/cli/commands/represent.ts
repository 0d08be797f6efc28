/** `eigentrace represent`: the representations themselves. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus } from '../context.js';
import type { RepresentRequest } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { representSettings } from '../settings/represent.js';
import { printable } from '../style.js';
import { json, watched } from '../watch.js';

export const represent = command({
  name: 'represent',
  summary: 'Write the representations of one checkpoint to a file.',
  description:
    'Writes the representations of one checkpoint, one row a sequence: tensors final (N, d) or layer<k>, and lengths, ' +
    'float32, rows in corpus order.',
  usage: 'CHECKPOINT --corpus CORPUS --out FILE [options]',
  examples: [
    {
      does: 'the last token of 1,000 sequences after the final norm',
      type: 'eigentrace represent checkpoints/step1000 --corpus heldout.jsonl --sequences 1000 --out step1000.safetensors',
    },
    {
      does: 'one layer as .npy, means over tokens',
      type: 'eigentrace represent checkpoints/step1000 --corpus heldout.jsonl --layers 6 --position mean --out layer6.npy',
    },
    {
      does: 'token ids made elsewhere, used as they are',
      type: 'eigentrace represent checkpoints/step1000 --ids ids.jsonl --layers all --out states.safetensors',
    },
  ],
  settings: representSettings,
  notes: ['Either --corpus or --ids is needed.'],
  async run(resolved, context) {
    const request = requestOf(resolved);
    const { json: asJson, quiet } = resolved.values;
    const library = await context.library();
    const result = await watched(context, quiet, (hooks) => library.represent(request, hooks));
    if (asJson) context.stdout.write(json(result));
    else {
      const tensors = Object.entries(result.tensors).map(
        ([name, shape]) => `  ${printable(name)} [${shape.join(', ')}]\n`,
      );
      context.stdout.write(`${printable(result.path)}\n${tensors.join('')}`);
    }
    return exitStatus.done;
  },
});

function requestOf(resolved: Resolved<typeof representSettings>): RepresentRequest {
  const { values, origins } = resolved;
  const checkpoint = required(representSettings, resolved, 'checkpoint');
  const { corpus, ids } = values;
  if (ids === null && corpus === null) {
    throw new EigentraceError('usage', '--corpus: is missing (expected a corpus, or token ids by --ids FILE)');
  }
  if (ids !== null && corpus !== null && origins.corpus?.startsWith('option')) {
    throw new EigentraceError(
      'usage',
      `--ids: given together with --corpus, got ${ids} and ${corpus} (expected one of them)`,
    );
  }
  const out = required(representSettings, resolved, 'representOut');
  if (!/\.(safetensors|npy)$/.test(out)) {
    throw new EigentraceError(
      'usage',
      `--out: unknown kind of file, got ${out} (expected a name ending in .safetensors or .npy)`,
    );
  }
  if (out.endsWith('.npy') && !/^(final|\d+)$/.test(values.layers)) {
    throw new EigentraceError(
      'usage',
      `--out: .npy holds one layer, got --layers ${values.layers} (expected a name ending in .safetensors)`,
    );
  }
  return {
    checkpoint,
    corpus: ids === null ? corpus : null,
    ids,
    out,
    layers: values.layers,
    position: values.position,
    field: values.field,
    sequences: values.sequences,
    minTokens: values.minTokens,
    maxTokens: values.maxTokens,
    seed: values.seed,
    rows: values.rows,
    precision: values.precision,
    memory: values.memory,
    threads: values.threads,
  };
}
