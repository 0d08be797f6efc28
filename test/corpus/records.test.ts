/** Whole rows of data sets: jsonl, gzip, parquet with nested columns, text. */
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { records } from '../../src/corpus/index.js';
import { collect, temporaryFolder } from './folder.js';

const { write: at } = temporaryFolder();

describe('records', () => {
  it('reads the objects of jsonl, plain and gzip, and names their lines', async () => {
    const text = '{"q":"a","c":["x"]}\n\n{"q":"b","n":null}\n';
    const path = at('rows.jsonl', text);
    const rows = await collect(records(path));
    expect(rows).toEqual([
      { place: `${path}:1`, row: { q: 'a', c: ['x'] } },
      { place: `${path}:3`, row: { q: 'b', n: null } },
    ]);
    const zipped = await collect(records(at('rows.jsonl.gz', gzipSync(text))));
    expect(zipped.map(({ row }) => row)).toEqual(rows.map(({ row }) => row));
  });

  it('reads the rows of parquet, lists and whole numbers among them', async () => {
    const path = at(
      'rows.parquet',
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'question', data: ['a', 'b', 'c'], type: 'STRING' },
            { name: 'label', data: [0n, 1n, 2n], type: 'INT64' },
            { name: 'choices', data: [{ text: ['x', 'y'] }, { text: ['z'] }, { text: [] }], type: 'JSON' },
          ],
          rowGroupSize: 2,
        }),
      ),
    );
    expect(await collect(records(path))).toEqual([
      { place: `${path}, row 0`, row: { question: 'a', label: 0, choices: { text: ['x', 'y'] } } },
      { place: `${path}, row 1`, row: { question: 'b', label: 1, choices: { text: ['z'] } } },
      { place: `${path}, row 2`, row: { question: 'c', label: 2, choices: { text: [] } } },
    ]);
  });

  it('gives the documents of a text as rows of one field', async () => {
    const rows = await collect(records(at('a.txt', 'one\nmore\n\ntwo\n')));
    expect(rows.map(({ row }) => row)).toEqual([{ text: 'one\nmore' }, { text: 'two' }]);
  });

  it.each([
    ['[1]', 'is no row, got a list (expected a JSON object)'],
    ['null', 'is no row, got null (expected a JSON object)'],
    ['{"a":', ':2: is not JSON'],
  ])('refuses %s by its line', async (line, message) => {
    await expect(collect(records(at('bad.jsonl', `{}\n${line}\n`)))).rejects.toThrow(message);
  });
});
