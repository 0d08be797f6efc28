/** LoRA adapters: states equal those of a merged copy, made here by the formula in plain loops; and what is refused. */
import { cp, rename, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors, readJson, readSafetensors, type WritableTensor } from '../../src/bytes/index.js';
import { hashFiles, openCheckpoint, openEntry, openSeries } from '../../src/checkpoints/index.js';
import { Model } from '../../src/models/index.js';
import { ModelProcess, represent } from '../../src/runtime/index.js';
import { golden, reference } from '../golden/checkpoint.js';
import { folderOf, refusal } from './folders.js';

const base = golden('architectures/gpt_neox');
const half = golden('architectures/gpt_neox_float16');

/** Pseudo-random values of about the given size. */
function noise(count: number, size: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * size;
  });
}

const f32 = (name: string, shape: number[], data: Float32Array): WritableTensor => ({
  name,
  dtype: 'F32',
  shape,
  data,
});
const settings = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['query_key_value'], bias: 'none' };

interface Module {
  name: string;
  /** Rows and columns of B·A. */
  rows: number;
  columns: number;
  rank?: number;
  embedding?: boolean;
}
const tuned: Module[] = [
  { name: 'gpt_neox.layers.0.attention.query_key_value', rows: 144, columns: 48 },
  { name: 'gpt_neox.layers.2.mlp.dense_4h_to_h', rows: 48, columns: 192 },
];

/** Factors as PEFT writes them, (r, columns) and (rows, r). */
function factors(modules: readonly Module[]): WritableTensor[] {
  return modules.flatMap(({ name, rows, columns, rank = 4, embedding }, i) => {
    const [a, b] = embedding ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
    return [
      f32(`base_model.model.${name}.${a}`, [rank, columns], noise(rank * columns, 0.3, 2 * i + 1)),
      f32(`base_model.model.${name}.${b}`, [rows, rank], noise(rows * rank, 0.3, 2 * i + 2)),
    ];
  });
}

async function adapterIn(options: object, tensors: readonly WritableTensor[], from = base): Promise<string> {
  return folderOf({
    'adapter_config.json': JSON.stringify({ ...settings, base_model_name_or_path: from, ...options }),
    'adapter_model.safetensors': Buffer.concat(encodeSafetensors(tensors)),
  });
}

/** W + scale · B·A in float64, rounded once: a whole model of its own. */
async function mergedCopy(
  modules: readonly Module[],
  scaleOf: (module: Module) => number,
  transposed: boolean,
  saved: readonly WritableTensor[] = [],
): Promise<string> {
  const { tensors } = await readSafetensors(`${base}/model.safetensors`);
  const made = factors(modules);
  for (const [i, module] of modules.entries()) {
    const { rows, columns, rank = 4 } = module;
    const [a, b] = [made[2 * i]!.data, made[2 * i + 1]!.data] as [Float32Array, Float32Array];
    const { data } = tensors.get(`${module.name}.weight`)! as { data: Float32Array };
    expect(data.length).toBe(rows * columns);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += b[row * rank + k]! * a[k * columns + column]!;
        const at = transposed || module.embedding ? column * rows + row : row * columns + column;
        data[at] = data[at]! + scaleOf(module) * sum;
      }
  }
  const all = [...tensors].map(
    ([name, { shape, data }]) => saved.find((each) => each.name === name) ?? f32(name, shape, data as Float32Array),
  );
  const folder = await folderOf({ 'model.safetensors': Buffer.concat(encodeSafetensors(all)) });
  await cp(`${base}/config.json`, `${folder}/config.json`);
  return folder;
}

/** States of every layer and log-probabilities of the golden's sequences. */
async function statesOf(folder: string): Promise<Float32Array> {
  const model = Model.read(await openCheckpoint(folder));
  const { ids } = await reference(base);
  const parts: Float32Array[] = [];
  const layers = model.parseLayers('all');
  const child = ModelProcess.start();
  await represent(
    child,
    model,
    ids,
    { layers, position: 'last', logprobs: true, threads: 1 },
    {
      state: (layer, k, rows) => void (parts[k * 10 + layers.indexOf(layer)] = rows.slice()),
      logprobs: (k, values) => void (parts[k * 10 + 9] = values.slice()),
    },
  ).finally(() => child.kill(new Error('done') as never));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** The largest difference relative to the largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / scale;
}

const square: Module[] = [{ name: 'gpt_neox.layers.1.attention.dense', rows: 48, columns: 48 }];
const embedding: Module[] = [...tuned, { name: 'gpt_neox.embed_in', rows: 48, columns: 101, embedding: true }];

describe('an adapter', () => {
  it.each([
    ['scale α/r', tuned, {}, () => 2],
    ['scale α/√r', tuned, { use_rslora: true }, () => 4],
    [
      'ranks and scales by pattern',
      [tuned[0]!, { ...tuned[1]!, rank: 3 }],
      { rank_pattern: { dense_4h_to_h: 3 }, alpha_pattern: { 'mlp.dense_4h_to_h': 12 } },
      ({ name }: Module) => (name.endsWith('dense_4h_to_h') ? 4 : 2),
    ],
    ['weights stored (in, out)', square, { fan_in_fan_out: true }, () => 2],
    ['embeddings', embedding, {}, () => 2],
  ] as [string, Module[], Record<string, unknown>, (module: Module) => number][])(
    '%s: the states of a merged copy within 1e-6',
    async (_, modules, options, scaleOf) => {
      const adapter = await statesOf(await adapterIn(options, factors(modules)));
      const merged = await statesOf(await mergedCopy(modules, scaleOf, options['fan_in_fan_out'] === true));
      expect(difference(adapter, merged)).toBeLessThan(1e-6);
      expect(difference(adapter, await statesOf(base))).toBeGreaterThan(0.05);
    },
  );

  it('modules saved whole replace those of the base', async () => {
    const saved = f32('embed_out.weight', [101, 48], noise(101 * 48, 0.2, 99));
    const stored = { ...saved, name: 'base_model.model.embed_out.weight' };
    const adapter = await statesOf(await adapterIn({ modules_to_save: ['embed_out'] }, [...factors(tuned), stored]));
    const merged = await statesOf(await mergedCopy(tuned, () => 2, false, [saved]));
    expect(difference(adapter, merged)).toBeLessThan(1e-6);
    expect(difference(adapter, await statesOf(await mergedCopy(tuned, () => 2, false)))).toBeGreaterThan(0.05);
  });

  it('over float16 weights and as .bin: what the base is does not matter', async () => {
    const folder = await adapterIn({}, factors(tuned), half);
    const { tensors, base: found, notes } = await openCheckpoint(folder);
    expect(found).toBe(half);
    expect(notes).toEqual(['an adapter: 2 matrices of its base plus 2 · B·A']);
    const target = tensors.get('gpt_neox.layers.0.attention.query_key_value.weight')!;
    expect(target).toMatchObject({ dtype: 'F16', update: { scale: 2, transposed: false, up: { shape: [144, 4] } } });
    expect(difference(await statesOf(folder), await statesOf(await adapterIn({}, factors(tuned))))).toBeLessThan(2e-3);
  });

  it('counts the parameters and files of what is used, and hashes base, adapter and its config', async () => {
    const folder = await adapterIn({}, factors(tuned));
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.files.map(({ name }) => name)).toEqual([
      'base/model.safetensors',
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
    const model = Model.read(checkpoint);
    const whole = Model.read(await openCheckpoint(base));
    expect(model.parameters).toEqual(whole.parameters);
    expect(model.bytes - whole.bytes).toBe(4 * 4 * (144 + 48 + 48 + 192));
    expect(model.files).toHaveLength(2);
    const before = await hashFiles(checkpoint.files);
    expect(before.files.map(({ name }) => name)).toContain('base/model.safetensors');
    const other = await adapterIn({ lora_alpha: 9 }, factors(tuned));
    expect((await hashFiles((await openCheckpoint(other)).files)).sha256).not.toBe(before.sha256);
  });

  it('finds its base by path, from its folder or its series, or as series.json says', async () => {
    const root = await folderOf({});
    await cp(base, `${root}/base`, { recursive: true });
    await cp(await adapterIn({ base_model_name_or_path: 'base' }, factors(tuned)), `${root}/checkpoint-5`, {
      recursive: true,
    });
    await cp(await adapterIn({ base_model_name_or_path: '../base' }, factors(tuned)), `${root}/checkpoint-10`, {
      recursive: true,
    });
    await cp(await adapterIn({ base_model_name_or_path: 'org/name' }, factors(tuned)), `${root}/checkpoint-20`, {
      recursive: true,
    });
    const series = await openSeries(root);
    expect(series.entries.map(({ revision }) => revision)).toEqual([
      'checkpoint-5',
      'checkpoint-10',
      'checkpoint-20',
      'base',
    ]);
    for (const entry of series.entries.slice(0, 2)) expect((await openEntry(series, entry)).base).toBe(`${root}/base`);
    expect(await refusal(openEntry(series, series.entries[2]!))).toBe(
      `${root}/checkpoint-20: an adapter whose base model is not there, got org/name in adapter_config.json (expected a ` +
        'folder on this machine); give its folder as "base" beside the path of this checkpoint in series.json',
    );
    const checkpoints = [{ revision: 'a', path: 'checkpoint-20', base: 'base' }];
    await writeFile(`${root}/series.json`, JSON.stringify({ stages: [{ name: 'sft', checkpoints }] }));
    const said = await openSeries(root);
    expect(said.notes).toEqual([]);
    expect((await openEntry(said, said.entries[0]!)).base).toBe(`${root}/base`);
    expect((await openSeries(`${root}/checkpoint-5`)).source).toBe('checkpoint');
  });

  it('takes its own tokenizer before the base folder', async () => {
    const folder = await adapterIn({}, factors(tuned));
    expect((await openCheckpoint(folder)).tokenizer).toBeNull();
    await writeFile(`${folder}/tokenizer.json`, '{}');
    expect((await openCheckpoint(folder)).tokenizer?.path).toBe(`${folder}/tokenizer.json`);
  });
});

describe('an adapter is refused', () => {
  it.each([
    [{ peft_type: 'IA3' }, 'peft_type is not supported, got "IA3" (expected LORA)'],
    [{ use_dora: true }, 'use_dora is not supported, got true'],
    [{ bias: 'all' }, 'bias is not supported, got "all" (expected none)'],
    [{ lora_bias: true }, 'lora_bias is not supported'],
    [{ init_lora_weights: 'pissa_niter_16' }, 'init_lora_weights is not supported, got "pissa_niter_16"'],
    [{ layer_replication: [[0, 2]] }, 'layer_replication is not supported'],
    [{ something_new: 3 }, 'something_new is not supported, got 3'],
    [
      { rank_pattern: { '(a+)+$': 4 } },
      'rank_pattern is not supported, got "(a+)+$" (expected plain names of modules)',
    ],
    [{ r: 0 }, 'r: '],
    [
      { r: 8 },
      'has lora_A and lora_B of shapes [4, 48] and [144, 4] (expected [8, 48] and [144, 8] for a weight of shape [144, 48])',
    ],
    [{ fan_in_fan_out: true }, '(expected [4, 144] and [48, 4] for a weight of shape [144, 48])'],
  ])('%j', async (options, message) => {
    const text = await refusal(openCheckpoint(await adapterIn(options, factors(tuned))));
    expect(text).toContain(message);
    if (message.includes('not supported')) expect(text).toContain('merge_and_unload()');
  });

  it.each([
    [
      'harmless settings',
      { loftq_config: {}, use_dora: false, trainable_token_indices: null, megatron_core: 'megatron.core' },
    ],
  ])('not for %s', async (_, options) => {
    expect((await openCheckpoint(await adapterIn(options, factors(tuned)))).base).toBe(base);
  });

  const one = factors(tuned.slice(0, 1));
  it.each([
    ['half a pair', [one[0]!], 'has lora_A but no lora_B'],
    [
      'no pair',
      [f32('base_model.model.embed_out.weight', [101, 48], noise(101 * 48, 1, 1))],
      'without lora_A and lora_B',
    ],
    [
      'a vector of DoRA',
      [...one, f32('base_model.model.x.lora_magnitude_vector', [1], noise(1, 1, 1))],
      'x.lora_magnitude_vector is not supported',
    ],
    [
      'a module that its base has not',
      [...one, ...factors([{ name: 'model.layers.0.q_proj', rows: 4, columns: 4 }])],
      "the adapter's model.layers.0.q_proj.weight is not in its base model (nearest names: ",
    ],
    [
      'a vocabulary of another size',
      [...one, f32('base_model.model.embed_out.weight', [102, 48], noise(102 * 48, 1, 1))],
      'has shape [102, 48], in the base model [101, 48]',
    ],
  ])('%s', async (_, tensors, message) => {
    expect(await refusal(openCheckpoint(await adapterIn({}, tensors)))).toContain(message);
  });

  it('with tied embeddings changed, and over another adapter', async () => {
    const tied = await folderOf({});
    await cp(base, tied, { recursive: true });
    const config = (await readJson(`${base}/config.json`)) as object;
    await writeFile(`${tied}/config.json`, JSON.stringify({ ...config, tie_word_embeddings: true }));
    expect(await refusal(openCheckpoint(await adapterIn({}, factors(embedding), tied)))).toContain(
      'changes gpt_neox.embed_in, which is tied to another matrix',
    );
    const first = await adapterIn({}, factors(tuned));
    const second = await adapterIn({}, factors(tuned), first);
    expect(await refusal(openCheckpoint(second))).toContain('is an adapter too (expected a whole model)');
  });

  it('that names itself as its base', async () => {
    const folder = await adapterIn({ base_model_name_or_path: '.' }, factors(tuned));
    expect(await refusal(openCheckpoint(folder))).toContain(
      'whose base model is not there, got . in adapter_config.json',
    );
    await rename(`${folder}/adapter_model.safetensors`, `${folder}/x`);
    expect(await refusal(openCheckpoint(folder))).toContain('no weights, got 2 files');
  });
});
