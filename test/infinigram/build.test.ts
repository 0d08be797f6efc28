/** Indexes from corpora: files, shards, going on after a stop, damage; queries against brute force. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildIndex, openIndex, openQueries, verifyIndex } from '../../src/infinigram/index.js';
import { pythonJson } from '../../src/infinigram/metadata.js';
import { failure, temporaryFolder } from '../corpus/folder.js';
import { naiveTable } from './fixture.js';

const folder = temporaryFolder();
const sampleTokenizer = fileURLToPath(new URL('../../sample/series/tokenizer.json', import.meta.url));

/** A tokenizer of the words w0 … w<n−1>. */
const words = (n: number): string =>
  folder.write(
    `words-${n}.json`,
    JSON.stringify({
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(Array.from({ length: n }, (_, i) => [`w${i}`, i])),
        unk_token: 'w0',
      },
      ...{ normalizer: null, pre_tokenizer: { type: 'Whitespace' }, post_processor: null, decoder: null },
      added_tokens: [],
    }),
  );
let seed = 7;
const below = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
const rows = Array.from({ length: 60 }, (_, i) => ({
  id: `é${i}`,
  text: i === 7 ? '' : Array.from({ length: 5 + below(60) }, () => `w${below(9)}`).join(' '),
}));
rows.push(rows[3]!, rows[4]!);
const corpus = folder.write('docs.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join('\n'));
const ids = rows.map(({ text }) => text.split(' ').flatMap((word) => (word === '' ? [] : [Number(word.slice(1))])));
const stream = ids.flatMap((document) => [65535, ...document]);

let made = 0;
const fresh = (): string => join(folder.path, `index-${made++}`);
const built = async (options: object = {}): Promise<string> => {
  const out = fresh();
  await buildIndex({ corpus, tokenizer: words(9), out, ...options });
  return out;
};
const read = (out: string, name: string): Buffer => readFileSync(join(out, name));

it('writes the files as infini-gram has them', async () => {
  const out = await built();
  const text = Buffer.from(Uint16Array.from(stream).buffer);
  expect(read(out, 'tokenized.0').equals(text)).toBe(true);
  const table = read(out, 'table.0');
  expect(Array.from({ length: stream.length }, (_, i) => table.readUIntLE(2 * i, 2))).toEqual(naiveTable(text, 2));
  let at = 0;
  const offsets = ids.map((document) => [at, (at += 2 * (document.length + 1))][0]!);
  expect([...new BigUint64Array(new Uint8Array(read(out, 'offset.0')).buffer)].map(Number)).toEqual(offsets);
  const lines = read(out, 'metadata.0').toString().split('\n');
  // Blank lines lie between the rows.
  expect(lines[1]).toBe('{"path": "docs.jsonl", "linenum": 2, "metadata": {"id": "\\u00e91"}}');
  expect(Number(read(out, 'metaoff.0').readBigUInt64LE(8))).toBe(lines[0]!.length + 1);
  expect(readdirSync(out).sort()).toEqual([
    'eigentrace.json',
    'metadata.0',
    'metaoff.0',
    'offset.0',
    'table.0',
    'tokenized.0',
  ]);
  expect(await verifyIndex(out, { deep: true })).toMatchObject({ ok: true, problems: [], compared: stream.length });
});

it.each(['u8', 'u16', 'u32'] as const)('answers by brute force, in shards, %s', async (dtype) => {
  const index = await openIndex(await built({ dtype, shardTokens: 300 }), { cacheBytes: 65536 });
  const separator = { u8: 255, u16: 65535, u32: 4294967295 }[dtype];
  expect(index.info).toMatchObject({ tokens: stream.length, documents: rows.length, dtype });
  expect(index.info.shards).toBeGreaterThan(4);
  // What stands in each shard: nothing goes over its end.
  let shard: number[] = [];
  const shards = [shard];
  for (const document of ids) {
    if (shard.length + 1 + document.length > 300) shards.push((shard = []));
    shard.push(separator, ...document);
  }
  expect(shards).toHaveLength(index.info.shards!);
  const occurrences = (query: readonly number[]): number[] =>
    shards.flatMap((tokens) =>
      tokens.flatMap((_, i) => (query.every((id, k) => tokens[i + k] === id) ? [tokens[i + query.length] ?? -1] : [])),
    );
  for (let n = 0; n < 120; n++) {
    const prompt = Array.from({ length: below(7) }, () => (below(12) === 0 ? separator : below(9)));
    const next = below(9);
    const after = occurrences(prompt);
    const cont = after.filter((id) => id === next).length;
    expect(await index.count(prompt)).toEqual({ count: after.length, approx: false });
    expect(await index.prob(prompt, next)).toEqual({
      ...{ prompt_cnt: after.length, cont_cnt: cont, prob: after.length === 0 ? -1 : cont / after.length },
    });
    let suffix = prompt.length;
    while (occurrences(prompt.slice(prompt.length - suffix)).length === 0) suffix--;
    const following = occurrences(prompt.slice(prompt.length - suffix));
    expect(await index.infgramProb(prompt, next)).toMatchObject({ suffix_len: suffix, prompt_cnt: following.length });
    const answer = await index.infgramNtd(prompt);
    const counts = Object.fromEntries(Object.entries(answer.result_by_token_id).map(([id, of]) => [id, of.cont_cnt]));
    const expected: Record<string, number> = {};
    for (const id of following) if (id >= 0) expected[id] = (expected[id] ?? 0) + 1;
    expect(counts).toEqual(expected);
  }
  const sampled = await index.ntd([], { maxSupport: 50 });
  expect(sampled).toMatchObject({ approx: true, prompt_cnt: stream.length });
  await index.close();
});

it('shows documents with what stands around', async () => {
  const queries = await openQueries(await built({ shardTokens: 700 }), { tokenizer: words(9) });
  const needle = ids[3]!.slice(2, 9);
  const answer = (await queries.answer({ ids: needle, type: 'documents', maxnum: 5, max_disp_len: 10 })) as {
    cnt: number;
    documents: { doc_ix: number; doc_len: number; needle_offset: number; token_ids: number[]; metadata: string }[];
  };
  // The document and its copy.
  expect(answer.cnt).toBe(2);
  expect(answer.documents.map(({ doc_ix }) => doc_ix).sort((a, b) => a - b)).toEqual([3, 60]);
  for (const { doc_len, needle_offset, token_ids, metadata } of answer.documents) {
    expect([doc_len, needle_offset]).toEqual([ids[3]!.length, 2]);
    expect(token_ids.slice(2)).toEqual(needle.slice(0, 5));
    expect(metadata).toContain('\\u00e93');
  }
  expect(await queries.line('{"text": "w1 w2", "type": "count"}')).toEqual(await queries.index.count([1, 2]));
  await queries.close();
});

it('says what is wrong with a query, and goes on', async () => {
  const queries = await openQueries(await built());
  const error = async (line: string) => ((await queries.line(line)) as { error: string }).error;
  expect(await error('{"ids": [1')).toContain('is not JSON');
  expect(await error('[1]')).toContain('query: is no JSON object, got [1]');
  expect(await error('{"type": "count"}')).toContain('query: has no ids');
  expect(await error('{"ids": [1], "type": "infgram"}')).toContain('unknown type, got "infgram"');
  expect(await error('{"ids": [70000]}')).toContain('no token id of this index, got 70000 (expected integers 0..65535');
  expect(await error('{"ids": ["a"]}')).toContain('no token id');
  expect(await error('{"ids": [], "type": "prob"}')).toContain('has no continuation');
  expect(await error('{"text": "w1"}')).toContain('no tokenizer was given');
  expect(await queries.line('{"ids": []}')).toEqual({ count: stream.length, approx: false });
  await queries.close();
});

describe('a build that was stopped', () => {
  it('goes on after a signal, and makes the same files', async () => {
    const whole = await built({ shardTokens: 300 });
    const out = fresh();
    const stop = new AbortController();
    const request = { corpus, tokenizer: words(9), out, shardTokens: 300 };
    const first = buildIndex(request, { signal: stop.signal }).catch((error: unknown) => error);
    stop.abort();
    expect(await first).toMatchObject({ code: 'interrupted' });
    expect(await failure(openIndex(out))).toContain('is not finished');
    await buildIndex(request);
    for (const name of readdirSync(whole)) {
      if (name !== 'eigentrace.json') expect(read(out, name).equals(read(whole, name)), name).toBe(true);
    }
  });

  it('sorts again what has no table, keeps what has one, and asks nothing the third time', async () => {
    const out = await built({ shardTokens: 300 });
    const table = read(out, 'table.2');
    rmSync(join(out, 'table.2'));
    const { shards, kept } = await buildIndex({ corpus, tokenizer: words(9), out });
    expect(kept).toBe(shards - 1);
    expect(read(out, 'table.2').equals(table)).toBe(true);
    expect((await buildIndex({ corpus, tokenizer: words(9), out })).kept).toBe(shards);
  });

  it('lets nobody else build there meanwhile, and goes on after kill -9', async () => {
    const out = fresh();
    const long = folder.write(
      'long.txt',
      Array.from({ length: 4000 }, (_, i) => `a story ${i} of ${below(1000)} cats`).join('\n\n'),
    );
    const bin = fileURLToPath(new URL('../../bin/eigentrace.js', import.meta.url));
    const args = ['index', 'build', long, '--tokenizer', sampleTokenizer, '--out', out, '--shard-tokens', '4000'];
    const child = spawn(process.execPath, [bin, ...args], { stdio: 'ignore' });
    while (!existsSync(join(out, 'table.1')) && child.exitCode === null) await new Promise((r) => setTimeout(r, 5));
    const request = { corpus: long, tokenizer: sampleTokenizer, out, shardTokens: 4000 };
    // Another process while it builds, whether it would build the same or anew.
    const refused = `is being built, got process ${child.pid} on `;
    expect(await failure(buildIndex(request))).toContain(refused);
    expect(await failure(buildIndex({ ...request, force: true }))).toContain(refused);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(child.signalCode).toBe('SIGKILL');
    // What the killed one left says that it builds; nobody holds it.
    expect(readdirSync(out)).toContain('.build.lock');
    const result = await buildIndex(request);
    expect(readdirSync(out)).not.toContain('.build.lock');
    expect(result.documents).toBe(4000);
    expect(result.kept).toBeGreaterThanOrEqual(2);
    expect((await verifyIndex(out, { deep: true })).problems).toEqual([]);
  });
});

describe('refusals', () => {
  it('an index of something else in the folder', async () => {
    const out = await built();
    const other = folder.write('other.jsonl', '{"text": "w1 w2"}\n');
    const request = { corpus: other, tokenizer: words(9), out };
    expect(await failure(buildIndex(request))).toContain('holds another index, got one of docs.jsonl');
    expect(await buildIndex({ ...request, force: true })).toMatchObject({ tokens: 3, documents: 1 });
    rmSync(join(out, 'eigentrace.json'));
    expect(await failure(buildIndex(request))).toContain('that this program did not build');
  });

  it('an empty corpus leaves no index', async () => {
    const out = fresh();
    const empty = folder.write('empty.jsonl', '\n');
    expect(await failure(buildIndex({ corpus: empty, tokenizer: words(9), out }))).toContain('is empty');
    expect(readdirSync(out)).toEqual([]);
  });

  it('a tokenizer that is not there', async () => {
    expect(await failure(built({ tokenizer: folder.path }))).toBe(
      `tokenizer ${folder.path}: no tokenizer.json there (expected the file, or a folder that holds one)`,
    );
  });

  it('a vocabulary too large for the width, and one larger than the index', async () => {
    const big = words(300);
    expect(await failure(built({ tokenizer: big, dtype: 'u8' }))).toContain(
      'its vocabulary does not fit u8, got 300 ids (expected at most 255, one being the separator)',
    );
    const out = await built({ dtype: 'u8' });
    expect(await failure(openQueries(out, { tokenizer: big }))).toContain('is not the one that index');
    rmSync(join(out, 'eigentrace.json'));
    expect(await failure(openQueries(out, { tokenizer: big }))).toContain('the index was made with another');
  });

  it('a document larger than a shard, and too little memory', async () => {
    expect(await failure(built({ shardTokens: 20 }))).toContain('is larger than a shard');
    expect(await failure(built({ memory: 1000 }))).toContain('--memory: too little to sort a shard, got 1000 bytes');
  });

  it.skipIf(process.getuid?.() === 0)('a folder that can’t be written', async () => {
    const out = fresh();
    mkdirSync(out);
    chmodSync(out, 0o500);
    expect(await failure(buildIndex({ corpus, tokenizer: words(9), out }))).toContain('permission denied');
  });

  it('a file in the folder’s place', async () => {
    const out = folder.write('file', '');
    expect(await failure(buildIndex({ corpus, tokenizer: words(9), out }))).toContain(out);
  });
});

describe('damage', () => {
  it('files cut short, or missing', async () => {
    for (const name of ['tokenized.1', 'table.1', 'offset.1', 'metaoff.1']) {
      const out = await built({ shardTokens: 300 });
      truncateSync(join(out, name), read(out, name).length - 3);
      expect(await failure(openIndex(out))).toContain(`${name}: is cut short`);
      const { ok, problems } = await verifyIndex(out);
      expect([ok, problems.length]).toEqual([false, 1]);
      rmSync(join(out, name));
      expect(await failure(openIndex(out))).toContain(`${name} is missing`);
    }
    const out = await built({ shardTokens: 300 });
    for (const name of readdirSync(out)) if (name.endsWith('.5')) rmSync(join(out, name));
    expect(await failure(openIndex(out))).toMatch(/\.5 is missing|shards are missing/);
  });

  it('pointers out of range or out of order, offsets and texts changed', async () => {
    const change = async (name: string, at: number, bytes: number[]): Promise<string[]> => {
      const out = await built();
      const content = read(out, name);
      content.set(bytes, at);
      writeFileSync(join(out, name), content);
      const { ok, problems } = await verifyIndex(out, { deep: true });
      expect(ok).toBe(false);
      return problems.map(({ message }) => message);
    };
    expect((await change('table.0', 200, [0xff, 0xff])).join()).toContain('pointer 100 is out of range, got 65535');
    expect((await change('table.0', 200, [4, 0])).join()).toMatch(/out of order.*|is there twice/);
    expect((await change('offset.0', 16, [1])).join()).toMatch(/document 2/);
    expect((await change('tokenized.0', 50, [8, 0])).join()).toContain('has changed since it was built');
    const out = await built();
    const table = read(out, 'table.0');
    table.fill(0xff);
    writeFileSync(join(out, 'table.0'), table);
    const index = await openIndex(out);
    expect(await failure(index.count([1]))).toContain('is out of range, got 65535 (expected a multiple of 2 below');
    await index.close();
  });

  it('another version', async () => {
    const out = await built();
    writeFileSync(join(out, 'eigentrace.json'), JSON.stringify({ version: 5 }));
    expect(await failure(openIndex(out))).toContain('is of version 5 (expected 4)');
    const six = fresh();
    mkdirSync(six);
    writeFileSync(join(six, 'text_data.sdsl'), '');
    expect(await failure(openIndex(six))).toContain('text_data.sdsl, which belongs to a version 6 index');
    expect(await failure(openIndex(fresh()))).toContain('no such folder');
  });
});

it('writes JSON as Python does', () => {
  expect(pythonJson({ a: [1, 'ü😀\n', null, true], b: {}, 'c"': 1.5 })).toBe(
    '{"a": [1, "\\u00fc\\ud83d\\ude00\\n", null, true], "b": {}, "c\\"": 1.5}',
  );
});
