/** PyTorch files: every tensor's bytes against what torch reads (tensors.json), states against transformers', and refusals. */
import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { FileSource, kindOf, readJson, readSafetensors } from '../../src/bytes/index.js';
import { openCheckpoint, openSeries, type Checkpoint } from '../../src/checkpoints/index.js';
import { architectures, Model } from '../../src/models/index.js';
import { layerName, ModelProcess, represent } from '../../src/runtime/index.js';
import { golden, reference } from '../golden/checkpoint.js';
import { config, folderOf, refusal, weights } from './folders.js';

const goldens = golden('checkpoints');
const bins = ['gpt_neox_bin', 'llama_sharded_bin', 'olmo2_legacy_bin'];
const expected = (await readJson(`${goldens}/torch/tensors.json`)) as Record<
  string,
  Record<string, [string, number[], string]>
>;

/** Those whose family src/models has. */
const families = new Map<string, string>();
for (const name of bins) {
  families.set(name, ((await readJson(`${goldens}/${name}/config.json`)) as { model_type: string }).model_type);
}
const supported = bins.filter((name) => architectures.has(families.get(name)!));

/** A checkpoint folder with a file of test/golden/checkpoints/torch as its weights. */
async function withFile(name: string, as = 'pytorch_model.bin'): Promise<string> {
  const folder = await folderOf({ 'a/config.json': config });
  await cp(`${goldens}/torch/${name}`, `${folder}/a/${as}`);
  return `${folder}/a`;
}

/** Dtype, shape and sha256 of each tensor's bytes, read from its range. */
async function described({ tensors }: Checkpoint): Promise<Record<string, [string, number[], string]>> {
  const found: Record<string, [string, number[], string]> = {};
  for (const [name, { file, dtype, shape, offset, byteLength }] of tensors) {
    const source = await FileSource.open(file);
    const bytes = await source.read(offset, offset + byteLength);
    await source.close();
    found[name] = [dtype, shape, createHash('sha256').update(bytes).digest('hex')];
  }
  return found;
}

describe('tensors of torch.save', () => {
  it.each(bins)('%s: the bytes that torch reads, in place', async (name) => {
    const checkpoint = await openCheckpoint(`${goldens}/${name}`);
    expect(await described(checkpoint)).toEqual(expected[name]);
    expect(checkpoint.notes).toEqual([]);
    expect(checkpoint.files.map((file) => file.name).every((file) => file.endsWith('.bin'))).toBe(true);
  });

  it.each(Object.keys(expected).filter((name) => name.startsWith('torch/')))('%s', async (name) => {
    const checkpoint = await openCheckpoint(await withFile(name.slice('torch/'.length)));
    expect(await described(checkpoint)).toEqual(expected[name]);
  });

  it('shares a storage between tensors, and says what is no tensor', async () => {
    const { tensors } = await openCheckpoint(await withFile('shared.bin'));
    const [whole, again, rows] = ['whole', 'again', 'rows'].map((name) => tensors.get(name)!);
    expect(again!.offset).toBe(whole!.offset);
    expect(rows!.offset).toBe(whole!.offset + 2 * 6 * 4);
    const { notes } = await openCheckpoint(await withFile('mixed.bin'));
    expect(notes).toEqual([
      expect.stringContaining('pytorch_model.bin: entries that are no tensors left out: step, note'),
    ]);
  });

  it('reads no weight: the directory, the pickle, and of each storage its local header and the descriptor behind it', async () => {
    const read = vi.spyOn(FileSource.prototype, 'read');
    await openCheckpoint(`${goldens}/gpt_neox_bin`);
    const ranges = read.mock.calls.map(([start, end]) => end - start);
    read.mockRestore();
    // 49 storages; the tail of 65,557 bytes that may hold a comment is the largest.
    expect(ranges.length).toBeLessThan(2 * 49 + 11);
    expect(ranges.filter((range) => range > 10_000)).toEqual([65_557]);
  });

  it('takes safetensors before .bin, a single file before shards, and any other name when it is the only one', async () => {
    const folder = await withFile('shared.bin');
    const opened = async () => (await openCheckpoint(folder)).files.map(({ name }) => name);
    await writeFile(`${folder}/pytorch_model.bin.index.json`, '{"weight_map":{}}');
    await writeFile(`${folder}/training_args.bin`, 'x');
    await writeFile(`${folder}/optimizer.pt`, 'x');
    expect(await opened()).toEqual(['pytorch_model.bin']);
    await writeFile(`${folder}/other.safetensors`, weights('w'));
    expect(await opened()).toEqual(['pytorch_model.bin']);
    await writeFile(`${folder}/model.safetensors`, weights('w'));
    expect(await opened()).toEqual(['model.safetensors']);
    expect((await openCheckpoint(await withFile('shared.bin', 'weights.pth'))).tensors.size).toBe(7);
  });

  it('is a series as safetensors are', async () => {
    const folder = await folderOf({ 'config.json': config });
    for (const step of [1, 2]) await cp(`${goldens}/torch/kinds.bin`, `${folder}/step${step}/pytorch_model.bin`);
    expect((await openSeries(folder)).entries.map(({ revision }) => revision)).toEqual(['step1', 'step2']);
  });
});

describe('states', () => {
  it.each(supported)('%s: every layer within 5e-5 of transformers', async (name) => {
    const folder = `${goldens}/${name}`;
    const model = Model.read(await openCheckpoint(folder));
    expect(model.notes).toEqual([]);
    const { ids, float } = await reference(folder);
    const child = ModelProcess.start();
    const layers = model.parseLayers('all');
    const d = model.width;
    let largest = 0;
    const state = (layer: (typeof layers)[number], k: number, rows: Float32Array) => {
      const from = layer === 'final' ? 0 : layer * d;
      const against = float(layer === 'final' ? `final_${k}` : `hidden_${k}`).subarray(from, from + d);
      expect(against.length, layerName(layer)).toBe(d);
      rows.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - against[i]!))));
    };
    const logprobs: Float32Array[] = [];
    await represent(
      child,
      model,
      ids,
      { layers, position: 'last', logprobs: true, threads: 1 },
      { state, logprobs: (k, values) => void (logprobs[k] = values.slice()) },
    ).finally(() => child.kill(new Error('done') as never));
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(5e-5);
    float('logprobs_3').forEach((value, i) => expect(Math.abs(value - logprobs[3]![i]!)).toBeLessThan(5e-5));
  });

  it('gpt_neox_bin holds the weights of gpt_neox_float16', async () => {
    const { tensors } = await readSafetensors(golden('architectures/gpt_neox_float16/model.safetensors'));
    const checkpoint = await openCheckpoint(`${goldens}/gpt_neox_bin`);
    const found = await described(checkpoint);
    expect(tensors.size).toBeGreaterThan(30);
    for (const [name, { data, shape }] of tensors) {
      const sha256 = createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex');
      const stored = found[name] ?? found[name.replace('lm_head', 'embed_out')];
      expect(stored, name).toEqual(['F16', shape, sha256]);
    }
  });
});

describe('refused', () => {
  it.each([
    [
      'attack.bin',
      'pytorch_model.bin: refuses to run posix.system (expected tensors of a state dict and nothing else); nothing was run',
    ],
    ['attack_old.bin', 'pytorch_model.bin: refuses to run posix.system'],
    ['attack.pkl', 'pytorch_model.bin: refuses to run posix.system'],
    ['whole_module.bin', 'pytorch_model.bin: refuses to run torch.nn.modules.container.Sequential'],
    [
      'transposed.bin',
      'tensor transposed of shape [6, 4] is not contiguous, got strides [1, 6] (expected row-major); save it with',
    ],
    ['training.bin', 'holds no tensors by name, got a dict of model, optimizer (a training checkpoint?)'],
    ['compressed.bin', 'is compressed, got deflate (expected it stored, as torch.save does'],
  ])('%s', async (name, message) => {
    expect(await refusal(openCheckpoint(await withFile(name)))).toContain(message);
    expect(await kindOf('pwned')).toBeNull();
  });

  it.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'a pointer of Git LFS'],
    ['not a pickle', 'not a file of torch.save'],
    [Buffer.from('\x80\x02K\x01.', 'latin1'), 'a pickle that torch.save did not write, got 1 for its magic number'],
    ['PK\x03\x04 and no more', 'too short for a zip archive'],
    [new Uint8Array(0), 'not a file of torch.save'],
  ])('another file (%#)', async (content, message) => {
    const folder = await folderOf({ 'config.json': config, 'pytorch_model.bin': content });
    expect(await refusal(openCheckpoint(folder))).toContain(message);
  });

  it('shards that are missing or lie elsewhere', async () => {
    const folder = await folderOf({});
    await cp(`${goldens}/llama_sharded_bin`, folder, { recursive: true });
    const index = join(folder, 'pytorch_model.bin.index.json');
    const text = await readFile(index, 'utf8');
    await writeFile(index, text.replace('pytorch_model-00002-of-00003.bin', '../pytorch_model-00002-of-00003.bin'));
    expect(await refusal(openCheckpoint(folder))).toContain('is not in the folder');
    await writeFile(index, text.replaceAll('00002-of', '00004-of'));
    expect(await refusal(openCheckpoint(folder))).toContain('shards missing, got 2 of 3');
  });
});
