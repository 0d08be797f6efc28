/** Splits of data sets from a Hub on this machine: the converted branch, the repository's own files, offline, what is wrong. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documents } from '../../src/corpus/index.js';
import { fetchDatasetSplit } from '../../src/hub/index.js';
import { HubServer } from './server.js';

const table = (questions: string[]): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'question', data: questions, type: 'STRING' }] }));

let hub: HubServer;
let home: string;
beforeAll(async () => {
  hub = await HubServer.start();
  home = await mkdtemp(join(tmpdir(), 'eigentrace-dataset-'));
  await hub.serve('datasets/org/set', {
    branches: {
      main: { 'README.md': 'a set' },
      'refs/convert/parquet': {
        'easy/test/0000.parquet': table(['a', 'b']),
        'easy/test/0001.parquet': table(['c']),
        'easy/train/0000.parquet': table(['d']),
        'hard/test/0000.parquet': table(['e']),
      },
    },
  });
  await hub.serve('datasets/org/own', {
    branches: { main: { 'data/test-00000-of-00001-0123456789abcdef.parquet': table(['f']), 'x.txt': 'no' } },
  });
});
afterAll(async () => {
  await hub.close();
  await rm(home, { recursive: true, force: true });
});

describe('a split of a data set', () => {
  it('is fetched from the converted branch, once, and taken offline afterwards', async () => {
    const env = hub.env(home);
    const wanted = { id: 'org/set', config: 'easy', split: 'test' };
    const { paths, commit } = await fetchDatasetSplit(wanted, { env });
    expect(paths.map((path) => path.slice(-'easy/test/0000.parquet'.length))).toEqual([
      'easy/test/0000.parquet',
      'easy/test/0001.parquet',
    ]);
    expect(new Uint8Array(await readFile(paths[1]!))).toEqual(table(['c']));
    const sent = hub.sent(/\.parquet/);
    expect(sent).toBe(table(['a', 'b']).length + table(['c']).length);
    expect(await fetchDatasetSplit(wanted, { env })).toEqual({ paths, commit });
    expect(hub.sent(/\.parquet/)).toBe(sent);
    expect(await fetchDatasetSplit(wanted, { env: { ...env, HF_HUB_OFFLINE: '1' } })).toEqual({ paths, commit });
    await expect(
      fetchDatasetSplit({ ...wanted, split: 'train' }, { env: { ...env, HF_HUB_OFFLINE: '1' } }),
    ).rejects.toThrow('HF_HUB_OFFLINE');
  });

  it("is taken from the repository's own files where there is no such branch", async () => {
    const { paths } = await fetchDatasetSplit({ id: 'org/own', config: null, split: 'test' }, { env: hub.env(home) });
    expect(new Uint8Array(await readFile(paths[0]!))).toEqual(table(['f']));
  });

  it.each([
    [
      { id: 'org/set', config: 'esay', split: 'test' },
      'data set org/set: no such configuration, got esay (expected one of: easy, hard)',
    ],
    [{ id: 'org/set', config: null, split: 'test' }, 'data set org/set: no such configuration, got none'],
    [
      { id: 'org/set', config: 'hard', split: 'train' },
      'data set org/set: no such split, got train (expected one of: test)',
    ],
    [{ id: 'org/none', config: null, split: 'test' }, 'datasets/org/none'],
  ])('is refused with what there is: %j', async (wanted, message) => {
    await expect(fetchDatasetSplit(wanted, { env: hub.env(home) })).rejects.toThrow(message);
  });
});

describe('a data set as a corpus', () => {
  it('is read by ranges where it is: the first page of a large file, not the file', async () => {
    const texts = Array.from({ length: 4000 }, (_, i) => `${i} ${'x'.repeat(1500 + (i % 7))}${Math.sin(i)}`);
    const data = parquetWriteBuffer({
      columnData: [{ name: 'text', data: texts, type: 'STRING' }],
      rowGroupSize: 200,
      codec: 'UNCOMPRESSED',
    });
    await hub.serve('datasets/org/large', {
      branches: { main: {}, 'refs/convert/parquet': { 'default/partial-train/0000.parquet': new Uint8Array(data) } },
    });
    const old = { ...process.env };
    Object.assign(process.env, hub.env(home));
    try {
      hub.log.length = 0;
      const read: string[] = [];
      for await (const { text } of documents('hf:org/large')) {
        read.push(text);
        if (read.length === 100) break;
      }
      expect(read).toEqual(texts.slice(0, 100));
      const sent = hub.sent(/\.parquet/);
      expect(sent).toBeGreaterThan(100 * 1500);
      expect(sent).toBeLessThan(data.byteLength * 0.8);
      const all: string[] = [];
      for await (const { text } of documents('hf:org/large:default:train')) all.push(text);
      expect(all).toEqual(texts);
      await expect(async () => {
        for await (const _ of documents('hf:org/large:default:test'));
      }).rejects.toThrow('no such split, got test');
      await expect(async () => {
        for await (const _ of documents('hf:large'));
      }).rejects.toThrow('is no data set of the Hub');
    } finally {
      process.env = old;
    }
  });
});
