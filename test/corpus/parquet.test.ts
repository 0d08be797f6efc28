import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/index.js';
import { parquetDocuments } from '../../src/corpus/parquet.js';
import { Tally } from '../../src/corpus/tally.js';
import { collect, failure } from './folder.js';

type Options = Omit<Parameters<typeof parquetWriteBuffer>[0], 'columnData'>;

const texts = Array.from({ length: 5000 }, (_, i) => `row ${i} ${'größe '.repeat(i % 37)}`);
const other = texts.map((_, i) => `${'payload '.repeat(200)}${i}`);

function file(options: Options = {}, data: unknown[] = texts, columns: object[] = []): Uint8Array {
  const columnData = [{ name: 'text', data }, ...columns] as Parameters<typeof parquetWriteBuffer>[0]['columnData'];
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}
const read = (bytes: Uint8Array, field = 'text', tally = new Tally()) =>
  collect(parquetDocuments(new MemorySource(bytes, 'a.parquet'), field, { tally }));

describe('parquet', () => {
  it('gives every row in order, whatever groups, pages and codecs it was written with', async () => {
    expect(await read(file())).toEqual(texts);
    expect(await read(file({ rowGroupSize: 700, pageSize: 4000 }))).toEqual(texts);
    expect(await read(file({ codec: 'UNCOMPRESSED', rowGroupSize: 5000 }))).toEqual(texts);
    const gzip = { codec: 'GZIP', compressors: { GZIP: (input: Uint8Array) => gzipSync(input) } } as const;
    expect(await read(file(gzip))).toEqual(texts);
    const few = texts.map((_, i) => `one of ${i % 7}`);
    expect(await read(file({ rowGroupSize: 2000 }, few))).toEqual(few);
    expect(await read(file({}, []))).toEqual([]);
  });

  it('reads one column only, each byte of it once, and stops in the page where the caller stops', async () => {
    const bytes = file({ rowGroupSize: 5000, pageSize: 8192, codec: 'UNCOMPRESSED' }, texts, [
      { name: 'other', data: other },
    ]);
    const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 4, 0);
    const all = new Tally();
    expect(await read(bytes, 'text', all)).toEqual(texts);
    expect(bytes.length).toBeGreaterThan(5 * size);
    const pages = Math.ceil(size / 8192) + 1;
    // Data once, a window of 4 KiB for each page's header, and the footer.
    expect(all.bytesRead).toBeGreaterThan(size);
    expect(all.bytesRead).toBeLessThan(size + pages * 4200 + 30_000);
    const some = new Tally();
    for await (const text of parquetDocuments(new MemorySource(bytes), 'text', { tally: some }))
      if (text === texts[50]) break;
    expect(some.bytesRead).toBeLessThan(50_000);
    expect(some.bytes).toBe(texts.slice(0, 51).reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0));
  });

  it('says which field is missing, no text, or null in a row', async () => {
    const bytes = file({}, texts, [{ name: 'number', data: texts.map((_, i) => i) }]);
    expect(await failure(read(bytes, 'txt'))).toBe(
      'a.parquet: no field "txt", got "text", "number" (expected the field of the text: --field NAME)',
    );
    expect(await failure(read(bytes, 'number'))).toBe(
      'a.parquet: field "number" is no text, got INT32 (expected a column of strings)',
    );
    expect(await failure(read(file({}, ['a', null, 'b'])))).toBe(
      'a.parquet: field "text" of row 1 is no text, got null (expected a string)',
    );
    const json = file(
      {},
      texts.map((text) => ({ text })),
    );
    expect(await failure(read(json))).toBe(
      'a.parquet: field "text" is no text, got JSON (expected a column of strings)',
    );
    const bad = file(
      {},
      ['fine', 'worse'],
      [{ name: 'raw', type: 'BYTE_ARRAY', data: [Uint8Array.of(65), Uint8Array.of(66, 255)] }],
    );
    expect(await failure(read(bad, 'raw'))).toBe(
      'a.parquet: a text of column "raw": is not UTF-8, got 0xff at byte 1 (expected UTF-8 text; convert it first, for instance with iconv)',
    );
  });

  it('refuses what is cut off or damaged, without allocating what it claims', async () => {
    const bytes = file({ codec: 'UNCOMPRESSED' });
    const said = async (change: (copy: Buffer) => Uint8Array) => failure(read(change(Buffer.from(bytes))));
    const start = 'a.parquet: is not a readable parquet file';
    expect(await said((b) => b.subarray(0, -100))).toBe(
      `${start} (it does not end in PAR1: cut off?); fetch or write it again`,
    );
    expect(await said((b) => b.subarray(0, 7))).toBe(`${start} (it has 7 bytes); fetch or write it again`);
    expect(
      await said((b) => {
        b.writeUInt32LE(0xfffffff0, b.length - 8);
        return b;
      }),
    ).toBe(`${start} (its footer claims 4294967280 bytes); fetch or write it again`);
    // The bytes in front are gone, so that offsets point past the data.
    expect(await said((b) => b.subarray(b.length - 600))).toContain(start);
    // No byte of the file may make the reader crash, hang or answer in another way than with rows or an error of ours.
    const small = file({ codec: 'UNCOMPRESSED' }, ['one', 'two', 'three']);
    for (let i = 4; i < small.length; i++) {
      for (const value of [0x00, 0x02, 0x7e, 0x7f, 0xff]) {
        const copy = Uint8Array.from(small);
        copy[i] = value;
        const result = await read(copy).catch((error: unknown) => (error as Error).name);
        expect(Array.isArray(result) || result === 'EigentraceError', `byte ${i} = ${value}: ${String(result)}`).toBe(
          true,
        );
      }
    }
  });
});
