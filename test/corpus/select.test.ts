import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hashSequences, selectSequences, type SelectOptions, type Sequences } from '../../src/corpus/index.js';
import { failure, sampleTokenizer, temporaryFolder, WordTokenizer } from './folder.js';

const folder = temporaryFolder();
/** Row i has `words[i]` words. */
const corpusOf = (name: string, words: number[]) =>
  folder.write(
    name,
    words.map((n, i) => `${JSON.stringify({ text: `${'x'.repeat((i % 50) + 1)} `.repeat(n) })}\n`).join(''),
  );

function select(corpus: string, options: Partial<SelectOptions> = {}): Promise<Sequences> {
  const defaults = {
    field: 'text',
    sequences: null,
    minTokens: 2,
    maxTokens: 5,
    seed: null,
    rows: null,
    cacheFolder: null,
  };
  return selectSequences({ corpus, tokenizer: new WordTokenizer(), ...defaults, ...options });
}
const lengths = ({ ids }: Sequences) => ids.map((sequence) => sequence.length);

describe('the filter', () => {
  const corpus = corpusOf('filter.jsonl', [0, 1, 2, 3, 4, 5, 6, 7, 2, 3]);

  it('keeps sequences of more than minTokens, then cuts them to maxTokens', async () => {
    const all = await select(corpus);
    expect(all.rows).toEqual([3, 4, 5, 6, 7, 9]);
    expect(lengths(all)).toEqual([3, 4, 5, 5, 5, 3]);
    expect(all).toMatchObject({
      name: 'filter.jsonl',
      tokens: 25,
      asked: null,
      found: 6,
      truncated: 2,
      scanned: 10,
      flags: [],
    });
    expect([...all.ids[5]!]).toEqual([10, 10, 10]);
    expect(lengths(await select(corpus, { minTokens: 0, maxTokens: 1 }))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect((await select(corpus, { minTokens: 6, maxTokens: 2 })).rows).toEqual([7]);
  });

  it('stops as soon as there are enough, and says what it used', async () => {
    const some = await select(corpus, { sequences: 2 });
    expect(some).toMatchObject({ rows: [3, 4], asked: 2, found: 2, scanned: 5, tokenizerSha256: 'words' });
    const used = readFileSync(corpus, 'utf8').split('\n').slice(0, 5).join('\n') + '\n';
    const sha256 = createHash('sha256').update(used).digest('hex');
    expect(some.sources).toEqual([{ name: 'filter.jsonl', bytes: used.length, sha256 }]);
  });

  it('goes on with a flag when the corpus is too small', async () => {
    expect((await select(corpus, { sequences: 8 })).flags).toEqual([
      {
        code: 'corpus-small',
        message: "found 6 of 8 sequences asked: no more of the corpus's 10 documents have over 2 tokens",
      },
    ]);
  });

  it('hashes ids and rows in one canonical way', async () => {
    const { ids, rows, sha256 } = await select(corpus, { sequences: 1 });
    const bytes = Buffer.from('0300000000000000' + '03000000' + '040000000400000004000000', 'hex');
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(hashSequences(ids, rows)).toBe(sha256);
    expect(hashSequences(ids, [4])).not.toBe(sha256);
  });

  it('refuses options and corpora that give nothing', async () => {
    expect(await failure(select(corpus, { sequences: 0 }))).toBe('--sequences: got 0 (expected an integer from 1)');
    expect(await failure(select(corpus, { minTokens: -1 }))).toBe('--min-tokens: got -1 (expected an integer from 0)');
    expect(await failure(select(corpus, { maxTokens: 0 }))).toBe('--max-tokens: got 0 (expected an integer from 1)');
    expect(await failure(select(corpus, { seed: 1.5 }))).toBe('--seed: got 1.5 (expected an integer from 0)');
    expect(await failure(select(corpus, { field: '' }))).toBe(
      '--field: got an empty name (expected the field of the text)',
    );
    expect(await failure(select(corpus, { minTokens: 40 }))).toBe(
      `corpus ${corpus}: none of its 10 documents has more than 40 tokens, got at most 7 (lower --min-tokens)`,
    );
    const empty = folder.write('empty.txt', '\n \n');
    expect(await failure(select(empty))).toBe(`corpus ${empty}: is empty (expected at least one document)`);
  });
});

describe('a seed', () => {
  const corpus = corpusOf(
    'seed.jsonl',
    Array.from({ length: 6000 }, (_, i) => i % 5),
  );

  it('chooses a fixed random sample of the rows that pass, in corpus order', async () => {
    const tokenizer = new WordTokenizer();
    const one = await select(corpus, { seed: 1, sequences: 100, tokenizer });
    expect(one.found).toBe(100);
    expect(one.rows).toEqual(one.rows.toSorted((a, b) => a - b));
    expect(new Set(one.rows).size).toBe(100);
    expect(one.rows.every((row) => row % 5 > 2)).toBe(true);
    expect(one.scanned).toBe(6000);
    // Only rows that may still be chosen are tokenised.
    expect(tokenizer.calls).toBeLessThan(4500);
    expect((await select(corpus, { seed: 1, sequences: 100 })).sha256).toBe(one.sha256);
    const two = await select(corpus, { seed: 2, sequences: 100 });
    expect(two.rows.filter((row) => one.rows.includes(row)).length).toBeLessThan(20);
    const more = await select(corpus, { seed: 1, sequences: 1200 });
    expect(one.rows.every((row) => more.rows.includes(row))).toBe(true);
    const all = await select(corpus, { seed: 1, sequences: 5000 });
    expect(all.rows).toEqual((await select(corpus)).rows);
    expect(all.flags.map(({ code }) => code)).toEqual(['corpus-small']);
  });

  it('gives each row the same chance', async () => {
    const times = new Map<number, number>();
    for (let seed = 0; seed < 20; seed++) {
      for (const row of (await select(corpus, { seed, sequences: 240 })).rows) {
        const tenth = Math.floor(row / 600);
        times.set(tenth, (times.get(tenth) ?? 0) + 1);
      }
    }
    // 20 · 240 draws over ten stretches: 480 each, standard deviation 20.
    for (const count of times.values()) expect(Math.abs(count - 480)).toBeLessThan(80);
  });
});

describe('--rows', () => {
  const corpus = corpusOf('rows.jsonl', [0, 1, 2, 3, 9, 4]);
  const take = (content: string) => select(corpus, { rows: folder.write('rows', content), sequences: 1, minTokens: 8 });

  it('takes exactly those rows, in corpus order, unfiltered but cut', async () => {
    for (const content of ['4\n1\n\n5\n', '[4, 1, 5]', '\uFEFF5\r\n1\r\n4']) {
      const taken = await take(content);
      expect(taken.rows).toEqual([1, 4, 5]);
      expect(lengths(taken)).toEqual([1, 5, 4]);
      expect(taken).toMatchObject({ asked: 3, found: 3, truncated: 1, scanned: 6, flags: [] });
    }
    expect((await take('2')).scanned).toBe(3);
  });

  it('says what is wrong with them', async () => {
    const path = join(folder.path, 'rows');
    const said = async (content: string) => (await failure(take(content))).replaceAll(path, 'rows');
    expect(await said('1\n99\n7')).toBe('rows: row 7 is not there, got 6 rows in rows.jsonl (expected rows 0..5)');
    expect(await said('0')).toBe('rows: row 0 of rows.jsonl has no tokens (expected rows with text; leave it out)');
    expect(await said('1\n2\n1')).toBe('rows: row 1 is there twice (expected each row once)');
    expect(await said('\n')).toBe('rows: names no rows (expected at least one row number)');
    expect(await said('1\n-2')).toBe('rows:2 is not a row number, got -2 (expected an integer from 0)');
    expect(await said('[1, 2.5]')).toBe('rows: entry 2 is not a row number, got 2.5 (expected an integer from 0)');
    expect(await said('[1, 2')).toMatch(/^rows: is not JSON \(/);
  });
});

describe('kept tokens', () => {
  const cacheFolder = join(folder.path, 'cache/of/tokens');
  const words = Array.from({ length: 300 }, (_, i) => i % 7);
  const entry = () => join(cacheFolder, readdirSync(cacheFolder)[0]!);

  const fresh = (name: string) => {
    for (const file of safeList(cacheFolder)) truncateSync(join(cacheFolder, file), 0);
    return corpusOf(name, words);
  };
  const safeList = (path: string) => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  };

  it('are read back as they were, without the tokenizer', async () => {
    for (const options of [{}, { sequences: 50 }, { sequences: 50, seed: 3 }, { sequences: 5000 }]) {
      const corpus = fresh('kept.jsonl');
      const tokenizer = new WordTokenizer();
      const first = await select(corpus, { ...options, cacheFolder, tokenizer });
      expect(tokenizer.calls).toBeGreaterThan(0);
      tokenizer.calls = 0;
      expect(await select(corpus, { ...options, cacheFolder, tokenizer })).toEqual(first);
      expect(tokenizer.calls).toBe(0);
    }
  });

  it('are made anew when anything that determines them changes', async () => {
    const corpus = fresh('changed.jsonl');
    const rows = folder.write('some-rows', '3\n4');
    await select(corpus, { cacheFolder });
    for (const change of [
      { sequences: 100 },
      { minTokens: 1 },
      { maxTokens: 4 },
      { sequences: 100, seed: 1 },
      { rows },
      { tokenizer: new WordTokenizer('another') },
    ]) {
      const tokenizer = change.tokenizer ?? new WordTokenizer();
      const kept = await select(corpus, { ...change, cacheFolder, tokenizer });
      expect(tokenizer.calls).toBeGreaterThan(0);
      expect(kept).toEqual(await select(corpus, { ...change, tokenizer }));
    }
  });

  it('are made anew when the content that was used changes, and only then', async () => {
    const calls = async (corpus: string, options: Partial<SelectOptions>) => {
      const tokenizer = new WordTokenizer();
      const kept = await select(corpus, { ...options, cacheFolder, tokenizer });
      expect(kept).toEqual(await select(corpus, options));
      return tokenizer.calls;
    };
    const corpus = fresh('content.jsonl');
    const text = readFileSync(corpus, 'utf8');
    const { atime, mtime } = statSync(corpus);
    await calls(corpus, { sequences: 20 });
    // Behind what was used: still good for the first 20, not for all of them.
    writeFileSync(corpus, `${text}${text.slice(0, 1000).split('\n').slice(0, 5).join('\n')}\n`);
    expect(await calls(corpus, { sequences: 20 })).toBe(0);
    await calls(corpus, {});
    writeFileSync(corpus, text);
    expect(await calls(corpus, {})).toBeGreaterThan(0);
    // Inside, with the same size and even the same time of change.
    writeFileSync(corpus, text.replace('xxx xxx', 'xx xxxx'));
    utimesSync(corpus, atime, mtime);
    expect(await calls(corpus, { sequences: 20 })).toBeGreaterThan(0);
  });

  it('of an old, unchanged file are taken without reading it', async () => {
    const corpus = fresh('old.jsonl');
    const old = new Date(Date.now() - 3_600_000);
    utimesSync(corpus, old, old);
    const first = await select(corpus, { cacheFolder, maxTokens: 3 });
    const { ino } = statSync(corpus);
    // Rewritten in place behind our back, times set back: nothing but reading could see it.
    writeFileSync(corpus, readFileSync(corpus, 'utf8').replaceAll('xx', 'yy'));
    utimesSync(corpus, old, old);
    expect(statSync(corpus).ino).toBe(ino);
    const tokenizer = new WordTokenizer();
    expect(await select(corpus, { cacheFolder, maxTokens: 3, tokenizer })).toEqual(first);
    utimesSync(corpus, old, new Date(old.getTime() + 1000));
    await select(corpus, { cacheFolder, maxTokens: 3, tokenizer });
    expect(tokenizer.calls).toBeGreaterThan(0);
  });

  it('that are damaged are as good as none', async () => {
    const own = join(folder.path, 'own-cache');
    const corpus = corpusOf('damaged.jsonl', words);
    const first = await select(corpus, { cacheFolder: own });
    const path = join(own, readdirSync(own)[0]!);
    const whole = readFileSync(path);
    expect(readdirSync(own)).toHaveLength(1);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 100]! ^= 1;
    for (const bytes of [
      Buffer.alloc(0),
      whole.subarray(0, 60),
      whole.subarray(0, -1),
      flipped,
      Buffer.from('x'.repeat(99)),
    ]) {
      writeFileSync(path, bytes);
      const tokenizer = new WordTokenizer();
      expect(await select(corpus, { cacheFolder: own, tokenizer })).toEqual(first);
      expect(tokenizer.calls).toBe(300);
      expect(readFileSync(path).length).toBe(whole.length);
    }
  });

  it('that cannot be written are a flag', async () => {
    const corpus = corpusOf('unwritable.jsonl', words);
    const blocked = join(folder.write('a-file', ''), 'cache');
    const { flags, found } = await select(corpus, { cacheFolder: blocked });
    expect(found).toBeGreaterThan(0);
    expect(flags).toHaveLength(1);
    expect(flags[0]!.code).toBe('tokens-not-kept');
    expect(flags[0]!.message).toMatch(/^token ids could not be kept: .*a-file/);
  });

  it('lie in a file of the folder', () => {
    expect(entry()).toMatch(/[0-9a-f]{32}\.tokens$/);
  });
});

describe('large corpora', () => {
  const line = `${JSON.stringify({ text: 'word '.repeat(200) })}\n`;

  it('are read only as far as sequences are needed: of 50 MB, less than one', async () => {
    const corpus = folder.write('large.jsonl', line.repeat(49_500));
    const zipped = folder.write('large.jsonl.gz', gzipSync(line.repeat(49_500), { level: 0 }));
    for (const path of [corpus, zipped]) {
      let last = { bytesRead: 0, bytesTotal: 0, found: 0 };
      const { found, scanned, sources } = await select(path, {
        sequences: 300,
        onProgress: (progress) => (last = progress),
      });
      expect([found, scanned]).toEqual([300, 300]);
      expect(sources[0]!.bytes).toBe(300 * line.length);
      expect(last.bytesTotal).toBeGreaterThan(49e6);
      expect(last.bytesRead).toBeGreaterThan(300_000);
      expect(last.bytesRead).toBeLessThan(1_400_000);
      expect(last.found).toBe(300);
    }
  });

  it('leave the event loop free, tell how far they are, and can be interrupted', async () => {
    const tokenizer = await sampleTokenizer();
    const stop = new AbortController();
    let longest = 0;
    let ticks = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      ticks++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    let reports = 0;
    const options = { tokenizer, sequences: 2500, minTokens: 10, maxTokens: 128, onProgress: () => reports++ };
    await select('sample:', options);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    expect(reports).toBeGreaterThan(10);
    expect(longest).toBeLessThan(1000);
    setTimeout(() => stop.abort(), 50);
    await expect(select('sample:', { ...options, signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
  });
});
