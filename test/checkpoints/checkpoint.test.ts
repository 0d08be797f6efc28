import { cp, readFile, realpath, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { FileSource, readSafetensors } from '../../src/bytes/index.js';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { checkpointIn, config, folderOf, refusal, weights } from './folders.js';

const sample = new URL('../../sample/series', import.meta.url).pathname;
const sharded = new URL('../golden/checkpoints/llama_sharded', import.meta.url).pathname;

const index = (map: Record<string, string>) => JSON.stringify({ metadata: { total_size: 1 }, weight_map: map });

describe('openCheckpoint', () => {
  it('opens the sample: config, ranges, the tokenizer at the root', async () => {
    const checkpoint = await openCheckpoint(`${sample}/step512`, { fallbackFolders: [sample] });
    expect(checkpoint).toMatchObject({
      name: 'step512',
      config: { model_type: 'gpt_neox', hidden_size: 128 },
      tokenizer: { path: `${sample}/tokenizer.json`, configPath: `${sample}/tokenizer_config.json` },
      metadata: { format: 'pt' },
      notes: [],
      bytes: 1_718_760,
    });
    expect(checkpoint.files.map(({ name, size }) => [name, size])).toEqual([['model.safetensors', 1_718_760]]);
    const embedding = checkpoint.tensors.get('gpt_neox.embed_in.weight')!;
    expect(embedding).toMatchObject({ dtype: 'F16', shape: [1024, 128], byteLength: 262_144 });
    // The range is the tensor: its bytes are those that the whole-file reader gives.
    const file = await FileSource.open(embedding.file);
    const bytes = await file.read(embedding.offset, embedding.offset + embedding.byteLength);
    await file.close();
    const { tensors } = await readSafetensors(`${sample}/step512/model.safetensors`);
    const { data } = tensors.get('gpt_neox.embed_in.weight')!;
    expect(Buffer.from(bytes).equals(Buffer.from(data.buffer, data.byteOffset, data.byteLength))).toBe(true);
  });

  it('reads headers only', async () => {
    const read = vi.spyOn(FileSource.prototype, 'read');
    await openCheckpoint(`${sample}/step0`);
    await openCheckpoint(sharded);
    const bytes = read.mock.calls.reduce((sum, [start, end]) => sum + end - start, 0);
    const reads = read.mock.calls.length;
    read.mockRestore();
    expect(reads).toBe(2 * 4);
    expect(bytes).toBeLessThan(12_000);
  });

  it('merges shards by their index and leaves other files alone', async () => {
    const checkpoint = await openCheckpoint(sharded);
    expect(checkpoint.files.map(({ name }) => name)).toEqual(
      [1, 2, 3].map((k) => `model-0000${k}-of-00003.safetensors`),
    );
    expect(checkpoint.tensors.size).toBe(21);
    const total = [...checkpoint.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(total).toBe(216_384); // the index's own total_size
    expect(checkpoint.tensors.get('model.norm.weight')).toMatchObject({
      file: `${await realpath(sharded)}/model-00003-of-00003.safetensors`,
      dtype: 'F32',
      shape: [48],
    });
    expect(checkpoint.tokenizer).toBeNull();
  });

  it('takes the only safetensors file whatever its name, and the single file before an index', async () => {
    const folder = await folderOf({ 'a/config.json': config, 'a/weights.safetensors': weights('w') });
    expect((await openCheckpoint(`${folder}/a`)).files[0]!.name).toBe('weights.safetensors');
    await writeFile(`${folder}/a/model.safetensors`, weights('v'));
    expect([...(await openCheckpoint(`${folder}/a`)).tensors.keys()]).toEqual(['v']);
  });

  it('follows links to the real file, as in the cache of the Hub', async () => {
    const folder = await folderOf({ 'snapshots/a/config.json': config, 'blobs/0f1e': weights('w') });
    await symlink('../../blobs/0f1e', `${folder}/snapshots/a/model.safetensors`);
    const { files, tensors } = await openCheckpoint(`${folder}/snapshots/a`);
    expect(files[0]).toMatchObject({ name: 'model.safetensors', path: join(await realpath(folder), 'blobs/0f1e') });
    expect(tensors.get('w')!.file).toBe(files[0]!.path);
    await writeFile(`${folder}/blobs/0f1e`, 'not weights');
    expect(await refusal(openCheckpoint(`${folder}/snapshots/a`))).toContain('snapshots/a/model.safetensors: header');
    await unlink(`${folder}/blobs/0f1e`);
    expect(await refusal(openCheckpoint(`${folder}/snapshots/a`))).toContain('no weights, got 1 files (config.json)');
  });

  it('finds config and tokenizer in the order: own, the series tokenizer, the fallback folders', async () => {
    const folder = await folderOf({
      'config.json': '{"from":"root"}',
      'tokenizer.json': '{}',
      'step1/model.safetensors': weights('w'),
      'step2/model.safetensors': weights('w'),
      'step2/config.json': '{"from":"own"}',
      'step2/tokenizer.json': '{}',
      'named/neox.json': '{}',
      'named/tokenizer_config.json': '{}',
    });
    const open = (name: string, tokenizer?: string) =>
      openCheckpoint(`${folder}/${name}`, { fallbackFolders: [folder], ...(tokenizer ? { tokenizer } : {}) });
    expect(await open('step1')).toMatchObject({
      config: { from: 'root' },
      configPath: `${folder}/config.json`,
      tokenizer: { path: `${folder}/tokenizer.json`, configPath: null },
    });
    expect(await open('step1', `${folder}/named/neox.json`)).toMatchObject({
      tokenizer: { path: `${folder}/named/neox.json`, configPath: `${folder}/named/tokenizer_config.json` },
    });
    expect(await open('step2', `${folder}/named/neox.json`)).toMatchObject({
      config: { from: 'own' },
      tokenizer: { path: `${folder}/step2/tokenizer.json` },
    });
  });
});

describe('openCheckpoint refuses', () => {
  it('a folder that is not there, and a file', async () => {
    const folder = await folderOf({ 'a.txt': '' });
    expect(await refusal(openCheckpoint(`${folder}/b`))).toBe(`${folder}/b: no such folder`);
    expect(await refusal(openCheckpoint(`${folder}/a.txt`))).toContain(
      'is a file (expected the folder of a checkpoint)',
    );
  });

  it('no config, naming the places', async () => {
    const folder = await folderOf({ 'step1/model.safetensors': weights('w') });
    expect(await refusal(openCheckpoint(`${folder}/step1`, { fallbackFolders: [folder] }))).toBe(
      `${folder}/step1: no config.json, looked in ${folder}/step1 and ${folder} (expected the model's config)`,
    );
  });

  it.each([
    ['[1]', "config.json: is not a model's config, got [1] (expected a JSON object)"],
    ['{"a":', 'config.json: is not JSON ('],
    [`"${'x'.repeat(17 * 1024 * 1024)}"`, 'config.json: too large, got 17825794 bytes (expected at most 16777216)'],
  ])('a config that is none', async (text, message) => {
    const folder = await folderOf({ ...checkpointIn('a'), 'a/config.json': text });
    expect(await refusal(openCheckpoint(`${folder}/a`))).toContain(message);
  });

  it.each([
    [
      'an adapter that is none',
      { 'a/adapter_config.json': '{}', 'a/adapter_model.safetensors': weights('w') },
      'a/adapter_config.json: peft_type: expected string',
    ],
    [
      'a PyTorch file that is none',
      { 'a/pytorch_model.bin': 'x' },
      'a/pytorch_model.bin: not a file of torch.save (expected a zip archive',
    ],
    ['a GGUF file', { 'a/model.gguf': 'x' }, 'is not a GGUF file, got 1 bytes without its magic'],
    [
      'no weights',
      { 'a/optimizer.pt': 'x', 'a/training_args.bin': 'x' },
      'no weights, got 3 files (config.json, optimizer.pt, training_args.bin)',
    ],
    [
      'shards without an index',
      { 'a/model-00001-of-00002.safetensors': weights('w'), 'a/model-00002-of-00002.safetensors': weights('v') },
      'which file holds the weights is unclear, got 2 safetensors files',
    ],
    ['zeros', { 'a/model.safetensors': new Uint8Array(100) }, 'a/model.safetensors: header is not JSON'],
    [
      'a file cut short',
      { 'a/model.safetensors': weights('w').subarray(0, -1) },
      'a/model.safetensors: tensor w lies past the end of the file',
    ],
    ['a file without tensors', { 'a/model.safetensors': weights() }, 'a/model.safetensors: holds no tensor'],
  ])('%s', async (_, files, message) => {
    const folder = await folderOf({ 'a/config.json': config, ...files });
    expect(await refusal(openCheckpoint(`${folder}/a`))).toContain(message);
  });

  const shards = { 's1.safetensors': weights('a', 'b'), 's2.safetensors': weights('c') };
  it.each([
    [
      'a missing shard',
      { a: 's1.safetensors', z: 's3.safetensors' },
      'shards missing, got 1 of 2 (s3.safetensors not there',
    ],
    ['a shard above the folder', { a: '../s1.safetensors' }, 'shard "../s1.safetensors" is not in the folder'],
    ['an absolute shard', { a: '/etc/passwd' }, 'shard "/etc/passwd" is not in the folder'],
    ['a shard on a drive', { a: 'C:\\w' }, 'is not in the folder'],
    ['the folder as shard', { a: '..' }, 'shard ".." is not in the folder'],
    [
      'a tensor that is nowhere',
      { a: 's1.safetensors', q: 's2.safetensors' },
      'tensor q is not in its shard s2.safetensors',
    ],
    [
      'a tensor in another shard',
      { a: 's1.safetensors', b: 's2.safetensors' },
      'tensor b is not in its shard s2.safetensors, it is in',
    ],
    ['no shard', {}, 'names no shard'],
  ])('an index with %s', async (_, map, message) => {
    const folder = await folderOf({ 'config.json': config, ...shards, 'model.safetensors.index.json': index(map) });
    expect(await refusal(openCheckpoint(folder))).toContain(message);
  });

  it('an index that is none, and a tensor in two shards', async () => {
    const folder = await folderOf({
      'config.json': config,
      ...shards,
      'model.safetensors.index.json': '{"weight_map":[]}',
    });
    expect(await refusal(openCheckpoint(folder))).toContain(
      'model.safetensors.index.json: weight_map is not an index of shards',
    );
    await writeFile(`${folder}/model.safetensors.index.json`, index({ a: 's1.safetensors', c: 's2.safetensors' }));
    await writeFile(`${folder}/s2.safetensors`, weights('c', 'b'));
    expect(await refusal(openCheckpoint(folder))).toContain(
      'tensor b is in two shards, s1.safetensors and s2.safetensors',
    );
  });

  it('a golden copy whose shard was cut, naming shard and tensor', async () => {
    const folder = await folderOf({});
    await cp(sharded, folder, { recursive: true });
    const shard = `${folder}/model-00002-of-00003.safetensors`;
    const whole = await readSafetensors(shard);
    expect(whole.tensors.size).toBeGreaterThan(5);
    await writeFile(shard, (await readFile(shard)).subarray(0, 40_000));
    expect(await refusal(openCheckpoint(folder))).toMatch(
      /model-00002-of-00003\.safetensors: tensor \S+ lies past the end/,
    );
  });

  it('tells of tensors that the index leaves out', async () => {
    const map = index({ a: 's1.safetensors', c: 's2.safetensors' });
    const folder = await folderOf({ 'config.json': config, ...shards, 'model.safetensors.index.json': map });
    const { notes, tensors } = await openCheckpoint(folder);
    expect(notes).toEqual(['1 tensors are in the shards but not in model.safetensors.index.json (b)']);
    expect(tensors.has('b')).toBe(true);
  });
});
