/**
 * A model in stages gives the numbers of one session, for every architecture: layers, positions, log-probabilities and picks,
 * with the hidden states in memory or in a scratch file, in one wave or several.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors, type WritableTensor } from '../../src/bytes/index.js';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { Model, type Layer, type Part, type Position } from '../../src/models/index.js';
import {
  layerName,
  ModelProcess,
  represent,
  score,
  type RepresentOptions,
  type Stages,
} from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

const folders = [
  ...['gpt_neox', 'gpt_neox_float16', 'gpt_neox_bfloat16', 'gpt_neox_sequential', 'olmo', 'olmo_clip', 'olmo2'],
  ...['olmo3', 'olmo3_yarn', 'llama', 'llama_rope_scaled', 'llama_sharded', 'llama_tied', 'mistral', 'qwen2', 'qwen3'],
  ...['gemma2', 'gemma3_text', 'gpt2', 'opt'],
];

let child: ModelProcess;
beforeAll(() => {
  child = ModelProcess.start();
});
afterAll(() => {
  child.kill(new Error('done') as never);
});

/** Embeddings, then every block alone; the norm with the last. */
function singly(deepest: number): Part[] {
  const parts: Part[] = [{ from: null, to: 0 }];
  for (let l = 0; l < deepest; l++) parts.push({ from: l, to: l + 1 === deepest ? null : l + 1 });
  return parts;
}

function stagesOf(model: Model, changes: Partial<Stages> = {}): Stages {
  return {
    ...{ parts: singly(model.layers), headPieces: 1, waveTokens: Infinity, memory: 1e9, scratch: '/nonexistent' },
    ...changes,
  };
}

interface Found {
  states: Record<string, Float32Array[]>;
  logprobs: Float32Array[];
}

async function run(
  model: Model,
  ids: Int32Array[],
  options: Partial<RepresentOptions> & { layers: readonly Layer[]; position: Position },
): Promise<Found> {
  const found: Found = { states: {}, logprobs: [] };
  await represent(
    child,
    model,
    ids,
    { threads: 1, ...options },
    {
      state: (layer, index, rows) => {
        (found.states[layerName(layer)] ??= [])[index] = rows.slice();
      },
      logprobs: (index, values) => {
        found.logprobs[index] = values.slice();
      },
    },
  );
  return found;
}

/** Largest difference, relative to the largest value of the same kind. */
function difference(a: Found, b: Found): number {
  const kinds = (x: Found): Record<string, Float32Array[]> => ({ ...x.states, logprobs: x.logprobs });
  expect(Object.keys(kinds(a))).toEqual(Object.keys(kinds(b)));
  let worst = 0;
  for (const [kind, expected] of Object.entries(kinds(b))) {
    const got = kinds(a)[kind]!;
    expect(got.length).toBe(expected.length);
    let scale = 0;
    let most = 0;
    expected.forEach((row, i) => {
      expect(got[i]!.length).toBe(row.length);
      row.forEach((value, j) => {
        scale = Math.max(scale, Math.abs(value));
        most = Math.max(most, Math.abs(got[i]![j]! - value));
      });
    });
    worst = Math.max(worst, scale > 0 ? most / scale : most);
  }
  return worst;
}

/** Fused across the border of two blocks in one session (a sum and the norm after it), not across stages: rounding. */
const fused = ['gpt2', 'opt'];

describe.each(folders)('%s', (name) => {
  it('has the same numbers with every block in a session of its own', async () => {
    const folder = golden(`architectures/${name}`);
    const model = Model.read(await modelSource(folder));
    const { ids } = await reference(folder);
    for (const position of ['last', 'mean', 'all'] as const) {
      const all = { layers: model.parseLayers('all'), position, logprobs: true };
      // Every block's state leaves the session: the same operators stand in both.
      expect(difference(await run(model, ids, { ...all, stages: stagesOf(model) }), await run(model, ids, all))).toBe(
        0,
      );
      const final = { layers: ['final'] as const, position };
      const staged = await run(model, ids, { ...final, stages: stagesOf(model, { headPieces: 0 }) });
      const found = difference(staged, await run(model, ids, final));
      if (fused.includes(name)) expect(found).toBeLessThan(1e-6);
      else expect(found).toBe(0);
    }
  });
});

/** Byte ranges of weight files that a graph points into. */
function externalRanges({ bytes }: { bytes: Uint8Array }): { offset: number; length: number }[] {
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  return graph!.initializer.flatMap(({ externalData }) => {
    const value = (key: string): number => Number(externalData.find((entry) => entry.key === key)?.value);
    return externalData.length === 0 ? [] : [{ offset: value('offset'), length: value('length') }];
  });
}

/** An adapter of the golden GPT-NeoX on a matrix of block 1 and on its head. */
async function adapter(folder: string): Promise<string> {
  const made = join(folder, 'adapter');
  await mkdir(made);
  const tensors = [
    { name: 'gpt_neox.layers.1.attention.dense', rows: 48, columns: 48 },
    { name: 'embed_out', rows: 101, columns: 48 },
  ].flatMap(({ name, rows, columns }): WritableTensor[] => {
    const wave = (count: number, step: number) =>
      Float32Array.from({ length: count }, (_, i) => Math.sin(i * step) / 4);
    const [a, b] = [`base_model.model.${name}.lora_A.weight`, `base_model.model.${name}.lora_B.weight`];
    return [
      { name: a, dtype: 'F32', shape: [4, columns], data: wave(4 * columns, 0.7) },
      { name: b, dtype: 'F32', shape: [rows, 4], data: wave(rows * 4, 1.3) },
    ];
  });
  const config = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['dense', 'embed_out'], bias: 'none' };
  const base_model_name_or_path = golden('architectures/gpt_neox');
  await writeFile(join(made, 'adapter_config.json'), JSON.stringify({ ...config, base_model_name_or_path }));
  await writeFile(join(made, 'adapter_model.safetensors'), Buffer.concat(encodeSafetensors(tensors)));
  return made;
}

describe('stages', () => {
  const open = async (name: string) => {
    const folder = golden(`architectures/${name}`);
    return { model: Model.read(await modelSource(folder)), ids: (await reference(folder)).ids };
  };
  const folder = mkdtempSync(join(tmpdir(), 'stages-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('wait in a scratch file, in waves, without a change and without a rest', async () => {
    const { model, ids } = await open('llama');
    const request = { layers: model.parseLayers('all'), position: 'mean', logprobs: true, budget: 40 } as const;
    const whole = await run(model, ids, request);
    for (const changes of [
      { memory: 0, scratch: folder },
      { memory: 0, scratch: folder, waveTokens: 50 },
      { waveTokens: 1 },
      {
        parts: [
          { from: null, to: 1 },
          { from: 1, to: null },
        ],
      },
      // All blocks at once, then the head.
      { parts: [{ from: null, to: null }] },
    ]) {
      const staged = await run(model, ids, { ...request, stages: stagesOf(model, changes) });
      expect(difference(staged, whole)).toBe(0);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('.scratch-'))).toEqual([]);
  });

  it.each(['gpt_neox_float16', 'gemma2', 'llama_tied', 'gpt2'])('%s: the vocabulary in pieces', async (name) => {
    const { model, ids } = await open(name);
    const request = { layers: ['final'], position: 'last', logprobs: true } as const;
    const { logprobs } = await run(model, ids, request);
    const { logprobs: pieces } = await run(model, ids, { ...request, stages: stagesOf(model, { headPieces: 7 }) });
    for (const [k, expected] of logprobs.entries()) {
      expect(pieces[k]!.length).toBe(ids[k]!.length - 1);
      // ln p is at most about −10: an ulp of float32 is 1e-6.
      pieces[k]!.forEach((value, t) => {
        expect(Math.abs(value - expected[t]!)).toBeLessThan(4e-6);
      });
    }
  });

  it('give the rows that a sweep picks', async () => {
    const { model, ids } = await open('gpt_neox');
    const picks = {
      layer1: [
        { position: 'last', tokens: 3 },
        { position: 'mean', tokens: 5 },
      ],
      final: [{ position: 'mean', tokens: 4 }],
    } as const;
    const request = { layers: [1, 'final'] as const, position: 'all', picks } as const;
    const staged = await run(model, ids, { ...request, stages: stagesOf(model, { headPieces: 0 }) });
    expect(difference(staged, await run(model, ids, request))).toBe(0);
    expect(staged.states['layer1']![0]!.length).toBe(2 * model.width);
  });

  it.each([
    ['.bin in shards', 'checkpoints/llama_sharded_bin', 'llama_sharded'],
    ['.bin of an old version', 'checkpoints/olmo2_legacy_bin', 'olmo2'],
    ['GGUF', 'gguf/models/gpt_neox_float16.gguf', 'gpt_neox_float16'],
    ['quantised GGUF', 'gguf/models/llama_tied_q8_0.gguf', 'llama_tied'],
  ])('%s: the same numbers', async (_, path, name) => {
    const checkpoint = await openCheckpoint(golden(path), { scratchFolder: folder });
    const model = Model.read(checkpoint);
    const { ids } = await reference(golden(`architectures/${name}`));
    const release = await checkpoint.prepare?.();
    const request = { layers: model.parseLayers('all'), position: 'last', logprobs: true } as const;
    const staged = await run(model, ids, { ...request, stages: stagesOf(model) });
    expect(difference(staged, await run(model, ids, request))).toBe(0);
    await child.release();
    await release?.();
  });

  it('a LoRA adapter, with its factors in other files: the same numbers, the head whole', async () => {
    const { ids } = await open('gpt_neox');
    const model = Model.read(await openCheckpoint(await adapter(folder)));
    const request = { layers: model.parseLayers('all'), position: 'last', logprobs: true } as const;
    const whole = await run(model, ids, request);
    expect(difference(await run(model, ids, { ...request, stages: stagesOf(model) }), whole)).toBe(0);
    const pieces = await run(model, ids, { ...request, stages: stagesOf(model, { headPieces: 3 }) });
    expect(difference(pieces, whole)).toBeLessThan(1e-6);
    expect(difference(whole, await run((await open('gpt_neox')).model, ids, request))).toBeGreaterThan(0.01);
  });

  it('read each weight once, and the head’s pieces its rows once', async () => {
    const { model } = await open('llama');
    const request = { layers: model.parseLayers('all'), position: 'last', everyToken: true, maxTokens: 64 } as const;
    const V = model.vocabulary;
    const graphs = [
      ...singly(model.layers).map((part) => model.stateGraph({ ...request, part })),
      ...[0, 1, 2].map((k) =>
        model.headGraph('logits', { from: Math.floor((k * V) / 3), to: Math.floor(((k + 1) * V) / 3) }),
      ),
    ];
    const ranges = graphs.flatMap(externalRanges).sort((a, b) => a.offset - b.offset);
    expect(ranges.reduce((sum, { length }) => sum + length, 0)).toBe(model.bytes);
    for (const [i, { offset }] of ranges.entries()) {
      if (i > 0) expect(offset).toBeGreaterThanOrEqual(ranges[i - 1]!.offset + ranges[i - 1]!.length);
    }
  });

  it.each(['gpt_neox', 'gemma2', 'gpt2'])('%s: score continuations as one session does', async (name) => {
    const { model, ids } = await open(name);
    const long = ids[3]!;
    const items = [3, 10].map((cut) => ({
      context: long.slice(0, cut),
      continuations: [long.slice(cut), long.slice(cut, cut + 2)],
    }));
    const whole = await score(child, model, items, { threads: 1 });
    const stages = stagesOf(model, { headPieces: 0 });
    const staged = await score(child, model, items, { threads: 1, stages });
    for (const [i, item] of whole.entries()) {
      for (const [c, { logprobs, greedy }] of item.entries()) {
        expect(staged[i]![c]!.greedy).toBe(greedy);
        logprobs.forEach((value, t) => {
          expect(Math.abs(staged[i]![c]!.logprobs[t]! - value)).toBeLessThan(4e-6);
        });
      }
    }
  });

  it('leave out what no layer needs', async () => {
    const { model, ids } = await open('qwen3');
    const request = { layers: [0, 1] as const, position: 'last' } as const;
    const stages = stagesOf(model, {
      parts: [
        { from: null, to: 0 },
        { from: 0, to: null },
      ],
      headPieces: 0,
    });
    expect(difference(await run(model, ids, { ...request, stages }), await run(model, ids, request))).toBe(0);
  });

  it('tell progress in tokens, to the last', async () => {
    const { model, ids } = await open('llama');
    const told: [number, number][] = [];
    let loaded = 0;
    const tokens = ids.reduce((sum, each) => sum + each.length, 0);
    await run(model, ids, {
      ...{ layers: ['final'], position: 'last', logprobs: true, budget: 40 },
      stages: stagesOf(model, { headPieces: 3, waveTokens: 60 }),
      onLoaded: () => loaded++,
      onProgress: (done, of) => told.push([done, of]),
    });
    expect(loaded).toBe(1);
    expect(told[0]).toEqual([0, tokens]);
    for (const [i, [done]] of told.entries()) expect(done).toBeGreaterThanOrEqual(i === 0 ? 0 : told[i - 1]![0]);
    expect(told.at(-1)).toEqual([tokens, tokens]);
  });

  it('stop at once when they are told to', async () => {
    const { model, ids } = await open('llama');
    const mine = ModelProcess.start();
    const abort = new AbortController();
    const stages = stagesOf(model, { memory: 0, scratch: folder });
    const options = {
      layers: ['final'],
      position: 'last',
      threads: 1,
      budget: 10,
      stages,
      signal: abort.signal,
    } as const;
    const sink = { state: () => undefined };
    const running = represent(mine, model, ids, { ...options, onProgress: () => abort.abort() }, sink);
    await expect(running).rejects.toThrow('interrupted');
    expect(mine.dead).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('.scratch-'))).toEqual([]);
  });
});
