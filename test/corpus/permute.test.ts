import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { permuteTokens } from '../../src/corpus/permute.js';
import { hashSequences, type Sequences } from '../../src/corpus/sequences.js';
import { openTokenizer, specialTokensOf, type Tokenizer } from '../../src/corpus/index.js';

const none = { leading: [], trailing: [] };

function sequencesOf(ids: number[][], rows = ids.map((_, i) => i)): Sequences {
  const arrays = ids.map((each) => Int32Array.from(each));
  return {
    ...{ name: 'c', ids: arrays, rows, tokens: ids.flat().length, asked: null, found: ids.length, truncated: 0 },
    ...{ scanned: ids.length, flags: [], sources: [], tokenizerSha256: null },
    sha256: hashSequences(arrays, rows),
  };
}

const lists = (sequences: Sequences) => sequences.ids.map((ids) => [...ids]);
const long = Array.from({ length: 40 }, (_, i) => i + 10);

describe('permuteTokens', () => {
  it('keeps each sequence its tokens, in another order', () => {
    const before = sequencesOf([long, long, [5, 6]]);
    const after = permuteTokens(before, 0, none);
    expect(lists(before)[0]).toEqual(long);
    for (const [i, ids] of lists(after).entries()) expect(ids.toSorted((a, b) => a - b)).toEqual(lists(before)[i]);
    expect(lists(after)[0]).not.toEqual(long);
    // The same text in another row has another order.
    expect(lists(after)[0]).not.toEqual(lists(after)[1]);
    expect(after.sha256).toBe(hashSequences(after.ids, after.rows));
    expect(after.sha256).not.toBe(before.sha256);
    expect(lists(permuteTokens(before, 1, none))).not.toEqual(lists(after));
  });

  it('gives a corpus row the same order whatever stands beside it', () => {
    const whole = permuteTokens(sequencesOf([long, long, long], [2, 5, 9]), 3, none);
    const part = permuteTokens(sequencesOf([long], [9]), 3, none);
    expect(lists(part)[0]).toEqual(lists(whole)[2]);
  });

  it('leaves what the tokenizer adds where it is, also where a sequence was cut', () => {
    const special = { leading: [1], trailing: [2] };
    const after = lists(permuteTokens(sequencesOf([[1, ...long, 2], [1, ...long], long, [1, 2], [1], []]), 0, special));
    expect([after[0]![0], after[0]!.at(-1)]).toEqual([1, 2]);
    expect(after[1]![0]).toBe(1);
    expect(after[1]!.at(-1)).not.toBe(2);
    expect(after[2]!.toSorted((a, b) => a - b)).toEqual(long);
    expect(after.slice(3)).toEqual([[1, 2], [1], []]);
  });
});

describe('specialTokensOf', () => {
  it('tells what stands before and behind every text', async () => {
    const around = (before: number[], behind: number[]): Tokenizer => ({
      ...{ name: 't', vocabularySize: 9, sha256: '' },
      encode: (text) => Int32Array.from([...before, ...Array.from(text, () => 7), ...behind]),
    });
    expect(specialTokensOf(around([1], []))).toEqual({ leading: [1], trailing: [] });
    expect(specialTokensOf(around([1, 2], [3]))).toEqual({ leading: [1, 2], trailing: [3] });
    expect(specialTokensOf(around([], [3]))).toEqual({ leading: [], trailing: [3] });
    const own = await openTokenizer(fileURLToPath(new URL('../../sample/series/tokenizer.json', import.meta.url)));
    expect(specialTokensOf(own)).toEqual(none);
  });
});
