/** Parquet files that pyarrow wrote, whole and damaged: the right texts or a clear error, soon, with bounded memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { CompressionCodec } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/index.js';
import { decompress } from '../../src/bytes/parquet-codecs.js';
import { parquetDocuments } from '../../src/corpus/parquet.js';
import { EigentraceError } from '../../src/errors.js';
import { collect } from './folder.js';

const folder = fileURLToPath(new URL('../golden/parquet', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
const texts = Array.from({ length: 300 }, (_, i) => `row ${i} ${'größe '.repeat(i % 7)}`);
const few = Array.from({ length: 300 }, (_, i) => `one of ${i % 5}`);
const read = (bytes: Uint8Array, field = 'text') =>
  collect(parquetDocuments(new MemorySource(bytes, 'a.parquet'), field));

it.each(names)('%s: the texts that were written', async (name) => {
  const bytes = readFileSync(`${folder}/${name}`);
  expect(await read(bytes)).toEqual(texts);
  if (name !== 'required.parquet') expect(await read(bytes, 'few')).toEqual(few);
});

it('a page that claims more than its codec can make of its bytes is refused before memory is taken', async () => {
  for (const [codec, most] of Object.entries({ SNAPPY: 22, LZ4_RAW: 256, GZIP: 1032 })) {
    const asked = decompress(new Uint8Array(100), 100 * most + 65, codec as CompressionCodec);
    await expect(asked, codec).rejects.toThrow(`100 bytes of ${codec} can't inflate to ${100 * most + 65}`);
  }
  // The longest runs that there are: within the bound.
  const zeros = gzipSync(Buffer.alloc(1 << 24), { level: 9 });
  expect((await decompress(zeros, 1 << 24, 'GZIP')).length).toBe(1 << 24);
  const before = process.memoryUsage().rss;
  await expect(decompress(zeros, 1 << 20, 'GZIP')).rejects.toThrow(/larger than|ERR_BUFFER_TOO_LARGE/);
  expect(process.memoryUsage().rss - before).toBeLessThan(64e6);
});

it.each([
  // Left to the parser, each byte would lengthen one number: hours.
  ['a number of two million bytes', Buffer.concat([Buffer.of(0x16), Buffer.alloc(2e6, 0xff)]), 'of more than 10 bytes'],
  [
    'a list of 2^27 elements',
    Buffer.of(0x29, 0xf5, 0x80, 0x80, 0x80, 0x40, 0x00),
    'a thrift list of 134217728 elements',
  ],
  ['structures in structures', Buffer.alloc(1e6, 0x1c), 'nested too deep'],
  ['lists in lists', Buffer.concat([Buffer.of(0x19), Buffer.alloc(1e6, 0x19)]), 'nested too deep'],
  [
    'a text that goes past the end',
    Buffer.of(0x18, 0xff, 0xff, 0x03, 0x61),
    '65535 bytes of a thrift structure do not',
  ],
  ['a type that is not known', Buffer.of(0x1b, 0x00), 'thrift type 11 is not known'],
  ['no end', Buffer.of(0x15, 0x02), 'ends early'],
])('a footer with %s is refused at once', async (_, footer, message) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  const bytes = Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]);
  await expect(read(bytes)).rejects.toThrow(message);
});

describe('any damage', () => {
  const damage = fc.record({
    how: fc.constantFrom('flip', 'flip', 'flip', 'cut', 'lengthen'),
    where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    value: fc.nat(255),
    more: fc.integer({ min: 1, max: 100 }),
  });

  it.each(names)(
    '%s: texts or a clear error, in bounded time and memory',
    async (name) => {
      const good = readFileSync(`${folder}/${name}`);
      await fc.assert(
        fc.asyncProperty(damage, fc.constantFrom('text', 'few'), async ({ how, where, value, more }, field) => {
          const at = Math.floor(where * good.length);
          const bytes = Buffer.from(how === 'cut' ? good.subarray(0, at) : good);
          if (how === 'flip') bytes[at] = value;
          const damaged = how === 'lengthen' ? Buffer.concat([bytes, Buffer.alloc(more, value)]) : bytes;
          const source = new MemorySource(damaged, 'a.parquet');
          const before = process.memoryUsage().rss;
          let found: string[] = [];
          try {
            found = await collect(parquetDocuments(source, field));
          } catch (error) {
            if (!(error instanceof EigentraceError)) throw error;
            expect([error.code, error.message.slice(0, 11)]).toEqual(['input', 'a.parquet: ']);
          }
          // No more rows than values that the pages can hold, and what a page claims is held against its limit.
          expect(found.length).toBeLessThanOrEqual(damaged.length * 8);
          expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 30);
          // Each page's bytes once, its header in windows.
          const taken = source.reads.reduce((sum, { start, end }) => sum + end - start, 0);
          expect(taken).toBeLessThan(20 * damaged.length + 100_000);
          // Where pages have checksums, no byte of them changes a text.
          const isFooter = at >= good.length - 8 - good.readUInt32LE(good.length - 8);
          const inPage = how === 'flip' && !isFooter && found.length === 300 && name === 'checksums.parquet';
          if (inPage) expect(found.filter((text, i) => text !== (field === 'text' ? texts : few)[i])).toEqual([]);
        }),
        { numRuns: 250 },
      );
    },
    60_000,
  );
});
