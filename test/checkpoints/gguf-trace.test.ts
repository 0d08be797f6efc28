/** A trace of a GGUF series end to end: the record is the original's, nothing stays behind, stops are clean. */
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { inspect } from '../../src/trace/inspect.js';
import { represent, type RepresentRequest } from '../../src/trace/represent-file.js';
import { readSafetensors } from '../../src/bytes/index.js';
import { golden } from '../golden/checkpoint.js';
import { folderOf } from './folders.js';

let folder: string;
beforeEach(async () => {
  const ids = [
    [5, 6, 7, 8],
    [9, 1, 2],
    [4, 4, 100, 3, 2, 1],
  ];
  folder = await folderOf({ 'ids.jsonl': ids.map((line) => `${JSON.stringify(line)}\n`).join('') });
  vi.stubEnv('EIGENTRACE_CACHE', join(folder, 'cache'));
  await copyFile(golden('gguf/models/llama.gguf'), join(folder, 'llama.gguf'));
});
afterEach(() => vi.unstubAllEnvs());

const request = (checkpoint: string, out: string): RepresentRequest => ({
  ...{ checkpoint, corpus: null, ids: join(folder, 'ids.jsonl'), out, layers: 'all', position: 'all', field: 'text' },
  ...{ sequences: null, minTokens: 0, maxTokens: 64, seed: null, rows: null, threads: 1 },
});

it('represents as the original does, from a file by its path, and leaves no scratch file', async () => {
  const ours = join(folder, 'ours.safetensors');
  const theirs = join(folder, 'theirs.safetensors');
  await represent(request(join(folder, 'llama.gguf'), ours));
  await represent(request(golden('architectures/llama'), theirs));
  const [got, expected] = [(await readSafetensors(ours)).tensors, (await readSafetensors(theirs)).tensors];
  expect([...got.keys()]).toEqual([...expected.keys()]);
  for (const [name, { data }] of expected) expect(got.get(name)!.data, name).toEqual(data);
  expect(await readdir(join(folder, 'cache', 'weights'))).toEqual([]);
});

it('removes the scratch file when the work is stopped', async () => {
  const work = represent(request(join(folder, 'llama.gguf'), join(folder, 'x.safetensors')), {
    signal: AbortSignal.abort(),
  });
  await expect(work).rejects.toThrow();
  expect(await readdir(join(folder, 'cache', 'weights'))).toEqual([]);
});

it('is inspected as it is stored', async () => {
  const { dtypes, tensors, files } = await inspect(golden('gguf/blocks/Q4_K.gguf'));
  expect(dtypes).toEqual([{ dtype: 'Q4_K', tensors: 1, elements: 6 * 512, bytes: 12 * 144 }]);
  expect(tensors).toMatchObject([{ dtype: 'Q4_K', file: files[0]!.path, bytes: 12 * 144 }]);
});
