import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTokenizer, type Tokenizer } from '../../src/corpus/index.js';
import { indexTokens, modelTokens, plainEncode } from '../../src/memorization/answer-tokens.js';
import { lookUp } from '../../src/memorization/grams.js';
import { likelihoodOf, suffixLengths } from '../../src/memorization/likelihood.js';
import { defaultPrompt } from '../../src/memorization/prompt.js';
import { readQuestions } from '../../src/memorization/questions.js';
import { bruteForce } from './brute-force.js';
import { goldenMemorization, isThere, shared } from './golden.js';

const noCache = { cacheFolder: null };

describe.skipIf(!isThere)('the golden questions', () => {
  test("SciQ rows become the reference's tokens and ∞-grams, and its likelihoods", async () => {
    const golden = goldenMemorization();
    const { questions } = await readQuestions(`${shared}data/tasks/sciq.jsonl`, { prompt: defaultPrompt, limit: 120 });
    const tokenizer = await openTokenizer(`${shared}data/tokenizers/gpt-neox-20b.json`);
    const tokens = modelTokens(tokenizer, questions);
    expect(tokens.map(({ ids, start }) => [start, ...ids.subarray(start)])).toEqual(
      golden.items.map((item) => [item.prompt_tokens, ...item.answer_ids]),
    );
    expect(await indexTokens(plainEncode(tokenizer), 'neox', questions)).toEqual(tokens);
    const file = await readFile(`${shared}golden/infinigram/index/tokenized.0`);
    const index = bruteForce(new Uint16Array(file.buffer, file.byteOffset, file.length / 2));
    const grams = await lookUp(index, tokens, noCache);
    expect(grams).toEqual(golden.items.map(({ infgram }) => infgram));
    for (const [i, item] of golden.items.entries()) {
      const { strict, published } = likelihoodOf(grams[i]!);
      expect(Number.isFinite(strict) ? strict : null).toEqual(near(item.log_p_strict));
      expect(published).toEqual(near(item.log_p_published));
    }
    expect(suffixLengths(grams.flat())).toEqual(Object.values(golden.suffix_length_histogram));
  });
});

const near = (value: number | null): unknown => (value === null ? null : (expect.closeTo(value, 12) as unknown));

const codes = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

describe('tokens of an answer', () => {
  const special = { name: 'special', vocabularySize: 300, sha256: 'x' };
  /** Characters, between a token before and one after; "ab" is one. */
  const tokenizer: Tokenizer = {
    ...special,
    encode: (text) => Int32Array.from([1, ...codes(text.replaceAll('ab', 'é')), 2]),
  };
  const question = { prompt: 'P', answer: 'xP x', place: 'f:1' };

  test('stand behind the special tokens for a model, without them for an index; whatever the question says', async () => {
    const [model] = modelTokens(tokenizer, [question]);
    expect([...model!.ids]).toEqual([1, ...codes('P xP x')]);
    expect(model!.start).toBe(2);
    const [index] = await indexTokens(plainEncode(tokenizer), 'i', [question]);
    expect([index!.start, index!.ids.length]).toEqual([1, 6]);
  });

  test('take a token that merges across the border', () => {
    const merging = { ...tokenizer, encode: (text: string) => tokenizer.encode(text.replace('a b', 'ab')) };
    const [tokens] = modelTokens(merging, [{ prompt: 'xa', answer: 'bc', place: 'f:1' }]);
    expect([...tokens!.ids.subarray(tokens!.start)]).toEqual(codes('éc'));
  });

  test('may not be none, nor stand first', () => {
    const deaf = { ...tokenizer, encode: () => Int32Array.from([1, 7, 2]) };
    expect(() => modelTokens(deaf, [question])).toThrow(
      'f:1: the answer "xP x" has no tokens in special (expected at least one; leave it out)',
    );
    const bare = { ...tokenizer, encode: (text: string) => Int32Array.from(codes(text)) };
    expect(() => modelTokens(bare, [{ prompt: '', answer: 'a', place: 'f:1' }])).toThrow(
      'no token stands before the answer',
    );
  });
});

describe('∞-grams are kept', () => {
  const sequences = [
    { ids: Int32Array.from([1, 2, 3, 1, 2]), start: 1 },
    { ids: Int32Array.from([2, 3]), start: 1 },
  ];
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'grams-'))));
  afterAll(() => rm(folder, { recursive: true }));
  const tokens = [1, 2, 3, 1, 2, 4];
  const expected = [
    [
      [1, 2, 2],
      [2, 2, 1],
      [3, 1, 1],
      [4, 1, 1],
    ],
    [[1, 2, 1]],
  ];

  test('and not asked for again, unless the tokens, the index or the file differ', async () => {
    const index = bruteForce(tokens);
    const progress: number[] = [];
    const options = { cacheFolder: folder, onProgress: (done: number, of: number) => progress.push(done / of) };
    expect(await lookUp(index, sequences, options)).toEqual(expected);
    expect([index.asked, progress.at(-1)]).toEqual([5, 1]);
    expect(await lookUp(index, sequences, options)).toEqual(expected);
    expect(index.asked).toBe(5);
    const other = bruteForce([...tokens, 4], 'other');
    await lookUp(other, sequences, options);
    expect(other.asked).toBe(5);
    await lookUp(index, sequences.slice(1), options);
    expect(index.asked).toBe(6);
    const kept = join(folder, 'infinigram', 'grams');
    for (const name of await readdir(kept)) {
      await writeFile(join(kept, name), (await readFile(join(kept, name), 'utf8')).replace('[1,2,', '[1,0,'));
    }
    expect(await lookUp(index, sequences, options)).toEqual(expected);
    expect(index.asked).toBe(11);
  });

  test('a failing index ends it, and nothing is kept', async () => {
    const index = { ...bruteForce(tokens, 'failing'), infgramProb: () => Promise.reject(new Error('gone')) };
    await expect(lookUp(index, sequences, { cacheFolder: folder })).rejects.toThrow('gone');
    const aborted = AbortSignal.abort();
    await expect(lookUp(bruteForce(tokens, 'x'), sequences, { ...noCache, signal: aborted })).rejects.toThrow(
      'interrupted',
    );
  });
});
