/** The directory of zip archives: where entries lie, and archives made to mislead. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySource, openZip } from '../../src/bytes/index.js';
import { EigentraceError } from '../../src/errors.js';
import { asZip64, zipOf, type ZippedEntry } from './pickles.js';

const a = { name: 'x/a', data: Buffer.from('hello') };
const b = { name: 'x/b', data: Buffer.from('worlds') };
const source = (bytes: Uint8Array) => new MemorySource(bytes, 'file.bin');

async function message(bytes: Uint8Array, name = 'x/a'): Promise<string> {
  try {
    const archive = await openZip(source(bytes));
    const { start, end } = await archive.locate(name);
    return `not refused: ${start}..${end}`;
  } catch (error) {
    return error instanceof EigentraceError ? error.message : `not ours: ${(error as Error).stack}`;
  }
}

describe('openZip', () => {
  it.each([
    ['plain', zipOf([a, b])],
    ['with zip64 records', asZip64(zipOf([a, b]))],
  ])('locates stored entries: %s', async (_, bytes) => {
    const archive = await openZip(source(bytes));
    expect([...archive.entries.keys()]).toEqual(['x/a', 'x/b']);
    for (const { name, data } of [a, b]) {
      const { start, end } = await archive.locate(name);
      expect(bytes.subarray(start, end)).toEqual(data);
    }
  });

  it('reads a comment, an empty archive, and a name that is a path without following it', async () => {
    const archive = zipOf([a]);
    archive.writeUInt16LE(3, archive.length - 2);
    expect(await message(Buffer.concat([archive, Buffer.from('end')]))).toBe('not refused: 33..38');
    expect((await openZip(source(zipOf([])))).entries.size).toBe(0);
    expect(await message(zipOf([{ ...a, name: '../../etc/passwd' }]), '../../etc/passwd')).toMatch(/^not refused/);
  });

  const wrong = (changes: Partial<ZippedEntry>) => zipOf([{ ...a, ...changes }, b]);
  it.each([
    ['compressed', wrong({ method: 8 }), 'entry x/a is compressed, got deflate (expected it stored'],
    ['of an unknown method', wrong({ method: 77 }), 'is compressed, got method 77'],
    ['encrypted', wrong({ flags: 1 }), 'entry x/a is encrypted'],
    ['of two sizes', wrong({ size: 1_000_000_000 }), 'entry x/a is stored but has two sizes, 1000000000 and 5'],
    [
      'a bomb of one size',
      wrong({ size: 4_000_000_000, compressedSize: 4_000_000_000 }),
      'entry x/a overlaps what follows it, got 4000000000 bytes',
    ],
    ['longer than it is', wrong({ size: 6, compressedSize: 6 }), 'entry x/a overlaps what follows it'],
    ['elsewhere', wrong({ headerOffset: 7 }), 'overlaps'],
    ['under another name', wrong({ localName: 'x/z' }), 'entry x/a is not where the directory says'],
    [
      'with 64-bit sizes that are not there',
      wrong({ size: 0xffffffff, compressedSize: 0xffffffff }),
      'lacks its 64-bit size',
    ],
    ['there twice', zipOf([a, a]), 'the same name is in the archive twice'],
    ['not there', zipOf([b]), 'entry x/a is not in the archive'],
    ['over another', zipOf([a, { ...b, headerOffset: 0 }]), 'overlaps'],
    ['fewer than told', zipOf([a], 2), 'the directory of 2 entries at'],
    ['after other bytes', Buffer.concat([Buffer.from('bytes before'), zipOf([a])]), 'damaged?'],
    ['cut', zipOf([a, b]).subarray(0, -1), 'no end of a zip archive (truncated?'],
  ])('an entry %s is refused', async (_, bytes, expected) => {
    const text = await message(bytes);
    expect(text).toMatch(/^file\.bin: /);
    expect(text).toContain(expected);
  });

  it('reads no more than the tail, the directory and one local header', async () => {
    const large = zipOf([{ name: 'x/a', data: Buffer.alloc(1_000_000) }, b]);
    const memory = source(large);
    await (await openZip(memory)).locate('x/a');
    expect(memory.reads.map(({ start, end }) => end - start)).toEqual([65_557, 98, 33]);
  });
});

it('any damage: the right bytes or an error of ours', async () => {
  const whole = asZip64(zipOf([a, b]));
  const damage = fc.record({
    at: fc.nat(whole.length - 1),
    value: fc.nat(255),
    cut: fc.nat(whole.length),
    more: fc.nat(40),
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.constantFrom('flip', 'cut', 'lengthen'), async ({ at, value, cut, more }, how) => {
      const bytes = Buffer.from(how === 'cut' ? whole.subarray(0, cut) : whole);
      if (how === 'flip') bytes[at] = value;
      const damaged = how === 'lengthen' ? Buffer.concat([bytes, Buffer.alloc(more, value)]) : bytes;
      const text = await message(damaged);
      const range = /^not refused: (\d+)\.\.(\d+)$/.exec(text);
      if (range) expect(Number(range[2])).toBeLessThanOrEqual(damaged.length);
      else expect(text).toMatch(/^file\.bin: /);
    }),
    { numRuns: 500 },
  );
});
