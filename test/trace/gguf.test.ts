/** A series of GGUF files through the command line: the figures of the same weights as safetensors, to the last bit. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Measurement } from '../../src/record/index.js';
import { golden } from '../golden/checkpoint.js';
import { eigentrace, filesOf, resultOf, tableOf, temporary } from './command-line.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let cache: string;
let corpus: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  corpus = join(folder, 'corpus.txt');
  // 60 texts of 20 to 40 words, by a fixed rule.
  const text = (i: number): string =>
    Array.from({ length: 20 + (i % 21) }, (_, k) => `w${(i * 31 + k * k * 7 + k) % 101}`).join(' ');
  await writeFile(corpus, Array.from({ length: 60 }, (_, i) => `${text(i)}\n\n`).join(''));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A word is a token. */
const tokenizer = JSON.stringify({
  ...{ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, post_processor: null },
  ...{ pre_tokenizer: { type: 'Whitespace' }, decoder: null },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`w${i}`, i])),
    unk_token: 'w0',
  },
});

/** Checkpoint folders with these files (name → where it comes from), and the tokenizer beside them. */
async function seriesOf(name: string, checkpoints: Record<string, Record<string, string>>): Promise<string> {
  const series = join(folder, name);
  for (const [checkpoint, files] of Object.entries(checkpoints)) {
    await mkdir(join(series, checkpoint), { recursive: true });
    for (const [file, from] of Object.entries(files)) await copyFile(from, join(series, checkpoint, file));
  }
  await writeFile(join(series, 'tokenizer.json'), tokenizer);
  return series;
}
const traced = async (series: string, out: string) => {
  const filter = ['--min-tokens', '0', '--max-tokens', '64', '--layers', 'all', '--nll', '--json'];
  return eigentrace(['trace', series, '--corpus', corpus, '--out', out, ...filter], cache);
};

it('float32, and Q8_0 dequantised as the gguf package does', async () => {
  const config = golden('architectures/llama_tied/config.json');
  const quantised = golden('gguf/models/llama_tied_q8_0');
  const ours = await seriesOf('gguf', {
    step1: { 'model.gguf': golden('gguf/models/llama_tied.gguf') },
    step2: { 'model-Q8_0.gguf': `${quantised}.gguf` },
  });
  const theirs = await seriesOf('safetensors', {
    step1: { 'config.json': config, 'model.safetensors': golden('architectures/llama_tied/model.safetensors') },
    step2: { 'config.json': config, 'model.safetensors': `${quantised}.safetensors` },
  });
  const [one, two] = [join(folder, 'ours'), join(folder, 'theirs')];
  const ended = await traced(ours, one);
  expect(ended.status, ended.stderr).toBe(0);
  expect((await traced(theirs, two)).status).toBe(0);
  const figures = async (run: string) =>
    (await tableOf(run)).rows.map(({ weights_sha256: _, series: __, ...row }) => row);
  const [got, expected] = [await figures(one), await figures(two)];
  // Embeddings, two blocks and the final norm of each.
  expect(got.map(({ revision, layer }) => `${revision} ${layer}`)).toEqual([
    ...['step1 0', 'step1 1', 'step1 2', 'step1 final', 'step2 0', 'step2 1', 'step2 2', 'step2 final'],
  ]);
  expect(got.map((row) => ({ ...row, flags: null }))).toEqual(expected.map((row) => ({ ...row, flags: null })));
  for (const { n, d, rankme, nll } of got) {
    expect([n, d]).toEqual([60, 32]);
    expect(rankme).toBeGreaterThan(5);
    expect(nll).toBeGreaterThan(4);
  }
  // Quantising moved them, but not far.
  const [plain, coarse] = [got[3]!.rankme!, got[7]!.rankme!];
  expect(coarse).not.toBe(plain);
  expect(Math.abs(coarse / plain - 1)).toBeLessThan(0.01);

  const { path } = resultOf(ended).results[1]!;
  const record = JSON.parse(await readFile(path!, 'utf8')) as Measurement;
  expect(record.flags.map(({ message }) => message)).toContain('weights dequantised from Q8_0 to float32');
  expect(JSON.stringify(record.provenance)).toContain('model-Q8_0.gguf');
  // The float32 copy of the weights is gone, and the run is whole.
  expect(Object.keys(await filesOf(cache)).filter((name) => name.includes('.scratch'))).toEqual([]);
  const again = await traced(ours, one);
  expect(resultOf(again).results.map(({ state }) => state)).toEqual(['reused', 'reused']);
});
