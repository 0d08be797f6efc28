/** Every family from a PyTorch .bin, zipped, old and in shards: the states of its safetensors, bit for bit. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { Model } from '../../src/models/index.js';
import { ModelProcess, represent } from '../../src/runtime/index.js';
import { torchOld, torchZip, type StoredTensor } from '../bytes/pickles.js';
import { golden, reference } from '../golden/checkpoint.js';
import { folderOf } from './folders.js';

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

/** By layer and sequence, and the log-probabilities. */
async function states(folder: string, ids: Int32Array[]): Promise<Map<string, Float32Array>> {
  const model = Model.read(await openCheckpoint(folder));
  const found = new Map<string, Float32Array>();
  await represent(
    child,
    model,
    ids,
    { layers: model.parseLayers('all'), position: 'last', logprobs: true, threads: 2 },
    {
      state: (layer, index, rows) => void found.set(`${layer} ${index}`, rows.slice()),
      logprobs: (index, values) => void found.set(`logprobs ${index}`, values.slice()),
    },
  );
  return found;
}

async function tensorsOf(folder: string): Promise<StoredTensor[]> {
  const { tensors } = await openCheckpoint(folder);
  const all: StoredTensor[] = [];
  for (const { name, file, dtype, shape, offset, byteLength } of tensors.values()) {
    const bytes = (await readFile(file)).subarray(offset, offset + byteLength);
    all.push({ name, dtype: dtype as StoredTensor['dtype'], shape, bytes });
  }
  return all;
}

describe.each(folders)('%s', (name) => {
  const folder = golden(`architectures/${name}`);
  const inForm: Record<string, (tensors: StoredTensor[]) => Record<string, string | Uint8Array>> = {
    'a zip archive': (tensors) => ({ 'pytorch_model.bin': torchZip(tensors) }),
    'the older format': (tensors) => ({ 'pytorch_model.bin': torchOld(tensors) }),
    shards: (tensors) => {
      const half = Math.ceil(tensors.length / 2);
      const parts = [tensors.slice(0, half), tensors.slice(half)];
      const shardOf = (i: number): string => `pytorch_model-0000${i + 1}-of-00002.bin`;
      const map = parts.flatMap((part, i) => part.map((tensor) => [tensor.name, shardOf(i)]));
      return {
        ...Object.fromEntries(parts.map((part, i) => [shardOf(i), i === 0 ? torchZip(part) : torchOld(part)])),
        'pytorch_model.bin.index.json': JSON.stringify({ weight_map: Object.fromEntries(map) as object }),
      };
    },
  };

  it('gives the same states from every form', async () => {
    const tensors = await tensorsOf(folder);
    const { ids } = await reference(folder);
    const expected = await states(folder, ids);
    expect(expected.size).toBeGreaterThan(ids.length * 3);
    const config = await readFile(join(folder, 'config.json'));
    for (const [form, filesOf] of Object.entries(inForm)) {
      const made = await folderOf({ ...filesOf(tensors), 'config.json': config });
      const opened = await openCheckpoint(made);
      expect(
        opened.files.every((file) => file.name.endsWith('.bin')),
        form,
      ).toBe(true);
      // In place: nothing to prepare, every tensor inside its file.
      expect(opened.prepare).toBeNull();
      const got = await states(made, ids);
      expect([...got.keys()].sort(), form).toEqual([...expected.keys()].sort());
      for (const [key, values] of expected) {
        expect(Buffer.from(got.get(key)!.buffer).equals(Buffer.from(values.buffer)), `${form}: ${key}`).toBe(true);
      }
    }
  });
});
