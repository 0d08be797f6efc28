/** `eigentrace index` as it is typed, on the real library. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { run } from '../../src/cli/run.js';
import * as library from '../../src/infinigram/index.js';
import { temporaryFolder } from '../corpus/folder.js';
import { world } from './fakes.js';

const folder = temporaryFolder();
const tokenizer = fileURLToPath(new URL('../../sample/series/tokenizer.json', import.meta.url));
const corpus = folder.write('a.txt', 'the cat sat on the mat\n\nthe cat sat on the dog\n\na dog sat\n');
const out = join(folder.path, 'index');

async function typed(words: string[], stdin: string[] = []) {
  const w = world({ library });
  const input = (async function* () {
    for (const line of stdin) yield await Promise.resolve(line);
  })();
  const status = await run(['index', ...words], { ...w, stdin: input }, '1.2.3');
  return { status, out: w.stdout.text, err: w.stderr.text };
}
const query = async (...words: string[]) =>
  // By its folder, where a tokenizer_config.json lies beside it: the index was built with the file.
  JSON.parse((await typed(['query', out, '--tokenizer', dirname(tokenizer), ...words])).out) as object;

beforeAll(async () => {
  const { status, out: said } = await typed(['build', corpus, '--tokenizer', tokenizer, '--out', out]);
  expect([status, said]).toEqual([0, expect.stringMatching(/tokens of 3 documents, u16, 1 shard, 0:0\d/)]);
});

it('asks one query from its options', async () => {
  expect(await query('--text', ' cat sat on the')).toEqual({ count: 2, approx: false });
  const ids = (await library.openQueries(out, { tokenizer })).tokenizer!.encodePlain('the cat sat');
  const answer = await query('--ids', ids.join(','), '--type', 'infgram_prob');
  expect(answer).toEqual({ prompt_cnt: 2, cont_cnt: 2, prob: 1, suffix_len: ids.length - 1 });
});

it('answers lines in order, and says which can’t be', async () => {
  const lines = [
    '{"ids": []}\n',
    '{"ids": [9999999]}\n{"ids": [],',
    '"type": "prob"}\n\n',
    '{"ids": [3], "type": "prob"}',
  ];
  const { status, out: answers } = await typed(['query', out], lines);
  expect(status).toBe(3);
  const found = answers
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(found).toHaveLength(4);
  const tokens = found[0]!.count as number;
  expect(tokens).toBeGreaterThan(15);
  expect(found[1]!.error).toContain('got 9999999');
  expect(found[2]!.error).toContain('has no continuation');
  expect(found[3]).toMatchObject({ prompt_cnt: tokens });
});

it('shows documents as text', async () => {
  const { out: shown } = await typed(['query', out, '--tokenizer', tokenizer, '--text', ' dog', '--type', 'documents']);
  expect(shown).toContain('2 occurrences');
  expect(shown).toContain('document 1 ');
  expect(shown).toContain('the cat sat on the⟦ dog');
  expect(shown).toContain('"linenum": 2');
});

it('says what an index is, and that it is whole', async () => {
  const info = await typed(['info', out]);
  expect(info.out).toMatch(/documents {3}3\n/);
  expect(info.out).toContain(`${tokenizer}, sha256 `);
  expect(JSON.parse((await typed(['info', out, '--json'])).out)).toMatchObject({
    documents: 3,
    dtype: 'u16',
    metadata: true,
  });
  expect(await typed(['verify', out, '--deep'])).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^ok {3}1 shard/) as string,
  });
});

it('refuses what it can’t do', async () => {
  expect(await typed(['frobnicate', out])).toMatchObject({ status: 2 });
  expect((await typed([])).err).toContain('what is to be done is missing');
  expect(await typed(['build', corpus, '--out', out])).toMatchObject({
    status: 2,
    err: expect.stringContaining('--tokenizer: is missing') as string,
  });
  expect(await typed(['query', folder.path, '--ids', '1'])).toMatchObject({
    status: 1,
    err: expect.stringContaining('is no ∞-gram index') as string,
  });
  expect(await typed(['query', out, '--ids', '70000'])).toMatchObject({ status: 2 });
});
