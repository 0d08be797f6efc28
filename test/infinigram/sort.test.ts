/** Suffix sorting against sorting bytes naively: every width, repeats of every kind, thread counts. */
import { afterAll, describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/index.js';
import { cover, movesOf, mostTokens, layoutFor, period } from '../../src/infinigram/kernel/layout.js';
import { pointerWidth, SuffixSorter } from '../../src/infinigram/sort.js';
import { Random } from '../../src/statistics/random.js';
import { naiveTable, tokenBytes } from './fixture.js';

const random = new Random('suffixes');
const below = (n: number): number => random.uint32() % n;
const list = (length: number, of: (i: number) => number): number[] => Array.from({ length }, (_, i) => of(i));

const texts: Record<string, number[]> = {
  'one token': [7],
  'two equal': [3, 3],
  'all zero': list(700, () => 0),
  'ends in zeros': [...list(300, () => below(3)), ...list(200, () => 0)],
  'zeros and ones': list(2000, () => below(2)),
  'period 1': list(1500, () => 9),
  'period 5': list(1500, (i) => i % 5),
  'period 73': list(1500, (i) => (i % 73) * 3),
  'few symbols': list(4000, () => below(4)),
  'many symbols': list(4000, () => below(250)),
  'rising, falling': [...list(250, (i) => i), ...list(250, (i) => 249 - i)],
};
const page = list(600, () => below(200));
texts['the same page six times'] = list(3600, (i) => page[i % 600]!);
texts['pages with separators, one changed'] = [255, ...page, 255, ...page, 255, ...page.with(311, 17), 255, ...page];
const fibonacci = (n: number): number[] => {
  let [a, b]: [number[], number[]] = [[0], [1]];
  while (b.length < n) [a, b] = [b, [...b, ...a]];
  return b;
};
texts['a Fibonacci word'] = fibonacci(3000);

// One after the other in the same memory, of one thread and of three.
const sorters = [new SuffixSorter(1), new SuffixSorter(3)];
afterAll(() => Promise.all(sorters.map((sorter) => sorter.close())));

describe.each([1, 2, 4] as const)('tokens of %i bytes', (width) => {
  // Both bytes of a token of two, all four of a token of four, and the separator.
  const spread = width === 1 ? 1 : width === 2 ? 257 : 16843009;
  it.each(Object.keys(texts))('%s', async (name) => {
    const text = tokenBytes(
      texts[name]!.map((token) => token * spread),
      width,
    );
    const expected = naiveTable(text, width);
    for (const sorter of sorters) expect(await tableOf(sorter, text, width)).toEqual(expected);
  });
});

it('sorts one text after another in the same memory, larger than a thread has room for keys', async () => {
  const sorter = new SuffixSorter(2);
  const large = tokenBytes(
    list(60_000, (i) => (i % 3 === 0 ? below(3) : 5)),
    2,
  );
  const small = tokenBytes(texts['few symbols']!, 2);
  expect(await tableOf(sorter, large, 2)).toEqual(naiveTable(large, 2));
  expect(await tableOf(sorter, small, 2)).toEqual(naiveTable(small, 2));
  await sorter.close();
});

it('stops when it is told to', async () => {
  const sorter = new SuffixSorter(2);
  const text = tokenBytes(
    list(300_000, () => 1),
    2,
  );
  const stop = new AbortController();
  const sorting = sorter.sort(new MemorySource(text), 2, { signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  await expect(sorting).rejects.toThrow('interrupted');
});

it('refuses a text of half a token', async () => {
  const sorter = new SuffixSorter(1);
  await expect(sorter.sort(new MemorySource(new Uint8Array(5), 'tokenized.0'), 2)).rejects.toThrow(
    'tokenized.0: holds no whole tokens, got 5 bytes (expected 2 bytes each)',
  );
  await sorter.close();
});

it('covers every difference once', () => {
  const moves = movesOf();
  const differences = cover.flatMap((a) => cover.map((b) => (b - a + period) % period)).filter((d) => d !== 0);
  expect(differences.sort((a, b) => a - b)).toEqual(list(period - 1, (i) => i + 1));
  for (let d = 0; d < period; d++) expect(cover).toContain((moves[d]! + d) % period);
});

it('has pointers as wide as the text needs', () => {
  const widths = [1, 2, 256, 257, 65536, 65537, 2 ** 24, 2 ** 24 + 2, 2 ** 32, 2 ** 32 + 2].map(pointerWidth);
  expect(widths).toEqual([1, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
});

it('fits a shard to the memory', () => {
  for (const width of [1, 2, 4] as const) {
    for (const memory of [2 ** 26, 2 ** 28, 2 ** 40]) {
      const tokens = mostTokens(memory, width, 2);
      expect(layoutFor(tokens, width, 2).bytes).toBeLessThanOrEqual(Math.min(memory, 2 ** 32));
      expect(layoutFor(Math.ceil(tokens * 1.01), width, 2).bytes).toBeGreaterThan(Math.min(memory, 2 ** 32));
    }
    // At most 12 bytes a token, what is fixed aside.
    expect((layoutFor(1e8, width, 2).bytes - layoutFor(0, width, 2).bytes) / 1e8).toBeLessThan(width + 5.2);
  }
});

async function tableOf(sorter: SuffixSorter, text: Uint8Array, width: 1 | 2 | 4): Promise<number[]> {
  await sorter.sort(new MemorySource(text), width);
  const bytes: number[] = [];
  for await (const chunk of sorter.table()) bytes.push(...chunk);
  const size = pointerWidth(text.length);
  return list(bytes.length / size, (i) =>
    bytes.slice(i * size, (i + 1) * size).reduce((sum, byte, k) => sum + byte * 256 ** k, 0),
  );
}
