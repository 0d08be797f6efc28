/** `eigentrace represent`: the representations of one checkpoint, in a file of their own. */
import { dirname } from 'node:path';
import { npyHeader, safetensorsHeader, sweepScratch, writeAtomic, type SafetensorsEntry } from '../bytes/index.js';
import { openEntry, type SeriesEntry } from '../checkpoints/index.js';
import { onlyCheckpoint } from './only-checkpoint.js';
import { openAnySeries, Places } from './places.js';
import { checkIds, openTokenizer, readIds, selectSequences, type Sequences } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import { Model, type Position, type Precision } from '../models/index.js';
import { layerName, ModelProcess, represent as runModel, RowStore, type StateSink } from '../runtime/index.js';
import { cacheFolder, tokenCache, weightScratch } from './cache.js';
import { chooseMemory, stagesOf } from './memory.js';
import { Reduced, wordsOfCheck, type PrecisionCheck } from './reduced.js';
import type { TraceHooks } from './request.js';

export interface RepresentRequest {
  /** A checkpoint folder, or a series with one checkpoint. */
  checkpoint: string;
  /** The corpus; null where `ids` gives token ids. */
  corpus: string | null;
  /** A file of token ids, one JSON array a line, used as they are; null: the corpus is tokenised. */
  ids: string | null;
  /** Written: `.safetensors`, or `.npy` for one layer. */
  out: string;
  layers: string;
  position: Position;
  field: string;
  sequences: number | null;
  minTokens: number;
  maxTokens: number;
  seed: number | null;
  rows: string | null;
  /** Bytes that both processes together may take; null (default): what is free, less a margin. */
  memory?: number | null;
  /** As in `trace`. Default float32. */
  precision?: Precision;
  threads: number;
}

export interface RepresentResult {
  path: string;
  /** By tensor name: shape. */
  tensors: Record<string, readonly number[]>;
  /** How a reduced precision differs from float32; absent for float32. */
  precision?: PrecisionCheck;
}

/**
 * Writes tensors `final` (N, d) or `layer<k>`, float32, rows in corpus order, and `lengths` (N) int32. With position
 * `all` a row is a token: sequence i's rows follow those of i−1, `lengths[i]` of them.
 */
export async function represent(request: RepresentRequest, hooks: TraceHooks = {}): Promise<RepresentResult> {
  const series = await openAnySeries(request.checkpoint, { signal: hooks.signal });
  const entry = onlyCheckpoint(series, request.checkpoint);
  const scratchFolder = weightScratch(cacheFolder());
  const checkpoint = {
    ...(await openEntry(series, await fetched(entry, hooks), { scratchFolder })),
    name: entry.revision,
  };
  const model = Model.read(checkpoint);
  const layers = model.parseLayers(request.layers);
  if (request.out.endsWith('.npy') && layers.length > 1) {
    throw new EigentraceError('usage', `--out: .npy holds one layer, got ${layers.length} (expected .safetensors)`);
  }
  const sequences = await sequencesOf(request, checkpoint.tokenizer, model.name, hooks);
  checkIds(sequences, model.vocabulary, `checkpoint ${model.name}`);
  const lengths = Int32Array.from(sequences.ids, (ids) => ids.length);
  const starts = startsOf(lengths, request.position);
  const n = request.position === 'all' ? sequences.tokens : sequences.found;
  const scratch = dirname(request.out);
  await sweepScratch(scratch);
  const { position, memory = null, precision = 'float32', threads } = request;
  const need = {
    model,
    layers,
    lengths: [...lengths],
    position,
    nll: false,
    threads,
    memory,
    precision,
    spectrum: null,
  };
  const choice = await chooseMemory({ ...need, rows: layers.length * n }, scratch);
  const store = await RowStore.create(layers, n, model.width, scratch, choice.rowsBound);
  const child = ModelProcess.start();
  let release: (() => Promise<void>) | null = null;
  let reduced: Reduced | null = null;
  try {
    release = (await checkpoint.prepare?.(hooks.signal)) ?? null;
    if (precision === 'int8') {
      const tools = { child, scratch, signal: hooks.signal };
      reduced = await Reduced.open(model, sequences.ids, { layers, position, threads, memory }, tools);
    }
    const sink: StateSink = { state: (layer, index, rows) => store.put(layer, starts[index]!, rows) };
    const progress = { revision: entry.revision, control: null, index: 0, total: 1 };
    let start = 0;
    await runModel(
      child,
      reduced?.model ?? model,
      sequences.ids,
      {
        layers,
        ...{ position, threads, stages: stagesOf(choice, scratch) },
        ...(hooks.signal ? { signal: hooks.signal } : {}),
        onLoaded: () => (start = performance.now()),
        onProgress: (done, of) =>
          hooks.onEvent?.({
            ...{ type: 'progress', ...progress, phase: 'forward', done, of },
            tokensPerSecond: done === 0 ? null : (done / (performance.now() - start)) * 1000,
          }),
      },
      reduced?.watch(sink) ?? sink,
    );
    const check = (await reduced?.check(null)) ?? null;
    if (check) hooks.onEvent?.({ type: 'note', message: `checkpoint ${model.name}: ${wordsOfCheck(check)}` });
    const entries: SafetensorsEntry[] = layers.map((layer) => ({
      name: layerName(layer),
      dtype: 'F32',
      shape: [n, model.width],
    }));
    if (request.out.endsWith('.npy')) {
      await writeAtomic(request.out, npyBytes(store, layers[0]!, n, model.width));
    } else {
      const all: SafetensorsEntry[] = [...entries, { name: 'lengths', dtype: 'I32', shape: [lengths.length] }];
      const metadata = {
        ...{ format: 'eigentrace.representations', checkpoint: entry.revision, position: request.position },
        ...(check ? { precision, precision_check: JSON.stringify(check) } : {}),
      };
      await writeAtomic(request.out, safetensorsBytes(all, metadata, store, layers, lengths));
      entries.push({ name: 'lengths', dtype: 'I32', shape: [lengths.length] });
    }
    const tensors = Object.fromEntries(entries.map(({ name, shape }) => [name, shape]));
    return { path: request.out, tensors, ...(check ? { precision: check } : {}) };
  } finally {
    child.kill(new EigentraceError('interrupted', 'interrupted'));
    await reduced?.release();
    await release?.();
    await store.close();
  }
}

async function sequencesOf(
  request: RepresentRequest,
  tokenizer: { path: string; configPath: string | null } | null,
  name: string,
  hooks: TraceHooks,
): Promise<Sequences> {
  if (request.ids !== null) return readIds(request.ids, hooks.signal);
  const { corpus, field, sequences, minTokens, maxTokens, seed, rows } = request;
  if (corpus === null) throw new EigentraceError('usage', '--corpus: is missing (expected a corpus, or --ids FILE)');
  if (!tokenizer) {
    throw new EigentraceError(
      'input',
      `checkpoint ${name}: no tokenizer.json (expected one; or give token ids by --ids)`,
    );
  }
  return selectSequences({
    ...{ corpus, field, sequences, minTokens, maxTokens, seed, rows },
    tokenizer: await openTokenizer(tokenizer.path, tokenizer.configPath),
    cacheFolder: tokenCache(cacheFolder()),
    signal: hooks.signal,
  });
}

/** The row at which each sequence starts. */
function startsOf(lengths: Int32Array, position: Position): number[] {
  let next = 0;
  return Array.from(lengths, (length) => {
    const start = next;
    next += position === 'all' ? length : 1;
    return start;
  });
}

async function* layerBytes(store: RowStore, layer: Parameters<RowStore['rows']>[0]): AsyncGenerator<Uint8Array> {
  const rows = store.rows(layer);
  const step = Math.max(1, Math.floor((4 << 20) / (rows.d * 4)));
  for (let at = 0; at < rows.n; at += step) {
    const part = await rows.read(at, Math.min(rows.n, at + step));
    yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  }
}

async function* safetensorsBytes(
  entries: readonly SafetensorsEntry[],
  metadata: Record<string, string>,
  store: RowStore,
  layers: readonly Parameters<RowStore['rows']>[0][],
  lengths: Int32Array,
): AsyncGenerator<Uint8Array> {
  yield safetensorsHeader(entries, metadata).header;
  for (const layer of layers) yield* layerBytes(store, layer);
  yield new Uint8Array(lengths.buffer);
}

async function* npyBytes(
  store: RowStore,
  layer: Parameters<RowStore['rows']>[0],
  n: number,
  d: number,
): AsyncGenerator<Uint8Array> {
  yield npyHeader('<f4', [n, d]);
  yield* layerBytes(store, layer);
}

/** The checkpoint on this machine, downloaded where it is on the Hub. */
async function fetched(entry: SeriesEntry, { signal, onEvent }: TraceHooks): Promise<SeriesEntry> {
  const places = new Places();
  const progress = { revision: entry.revision, control: null, index: 0, total: 1 };
  try {
    return await places.fetch(entry, {
      signal,
      onProgress: ({ done, of, ...rate }) =>
        onEvent?.({ type: 'progress', ...progress, phase: 'download', done, of, tokensPerSecond: null, ...rate }),
    });
  } finally {
    await places.close();
  }
}
