/** Readers of feature files: files that NumPy wrote, ranges that are read, and what is refused. */
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileSource, MemorySource, npyHeader } from '../../src/bytes/index.js';
import { EigentraceError } from '../../src/errors.js';
import { toFloat32 } from '../../src/bytes/floats.js';
import { describeFeatures, openFeatures } from '../../src/features/index.js';
import { rowsOf } from '../../src/features/matrix.js';
import { parseNpy, readNpy } from '../../src/features/npy.js';
import { zipOf } from '../bytes/pickles.js';
import { known, npyBytes, parquetBytes, put, safetensorsBytes, temporary } from './write.js';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/features/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => (folder = await temporary()));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(path: string, layer = 'final', only = true): Promise<Float32Array> {
  const rows = await openFeatures(path, { layer, only, scratch: folder });
  try {
    // In two reads, so that offsets count.
    const parts = [await rows.read(0, Math.min(3, rows.n)), await rows.read(Math.min(3, rows.n), rows.n)];
    return Float32Array.from(parts.flatMap((part) => [...part]));
  } finally {
    await rows.close();
  }
}

describe('files that NumPy wrote', () => {
  it.each([
    ['f2.npy', 'float16'],
    ['f4.npy', 'float32'],
    ['f8.npy', 'float64'],
    ['big.npy', 'float64'],
    ['v2.npy', 'float32'],
    ['v3.npy', 'float16'],
    ['stored.npz', 'float32'],
    ['deflated.npz', 'float64'],
  ])('%s', async (name, type) => {
    expect(await describeFeatures(golden(name), { layer: 'final' })).toMatchObject({ n: 40, d: 6, type });
    expect(await all(golden(name))).toEqual(known.values);
  });

  it('takes the array named for the layer', async () => {
    expect(await all(golden('stored.npz'), '2')).toEqual(known.values.map((x) => -x));
    await expect(all(golden('stored.npz'), '3')).rejects.toThrow(
      /no representations of layer 3, got final <f4 \(40, 6\), lengths <i8 \(40\), layer2 <f8 \(40, 6\) \(expected one named layer3 or 3/,
    );
  });

  it.each([
    [
      'fortran.npy',
      /in Fortran order \(expected C order: save it with `np\.save\(path, np\.ascontiguousarray\(x\)\)`\)/,
    ],
    ['object.npy', /an array of Python objects, got \|O: it would have to be unpickled, which can run any code/],
    ['integers.npy', /numbers can't be used, got dtype <i8 \(expected float16, float32 or float64\)/],
    ['tokens.npy', /not a matrix, got shape \(2, 3, 4\) \(expected \(N, d\).*last real token/],
    ['structured.npy', /a structured array/],
  ])('refuses %s', async (name, message) => {
    await expect(all(golden(name))).rejects.toThrow(message);
  });
});

describe('other formats', () => {
  it('safetensors: by name, or the only matrix', async () => {
    const path = await put(folder, 'a.safetensors', safetensorsBytes(known, 'hidden'));
    expect(await all(path)).toEqual(known.values);
    await expect(all(path, 'final', false)).rejects.toThrow(
      /no representations of layer final, got hidden F32 \[40, 6\]/,
    );
  });

  it('parquet: a list column, over several row groups and pages', async () => {
    const path = await put(folder, 'list.parquet', parquetBytes(known));
    expect(await describeFeatures(path, { layer: 'final' })).toMatchObject({ n: 40, d: 6, array: 'features' });
    expect(await all(path)).toEqual(known.values);
  });

  it.each([
    ['list_float32', 'float32', 'features'],
    ['fixed_float64', 'float64', 'features'],
    ['fixed_float16', 'float16', 'features'],
    ['split_float32', 'float32', 'features'],
    ['columns_float32', 'float32', 'columns x0 … x5'],
  ])('parquet that pyarrow wrote: %s', async (name, type, array) => {
    const path = golden(`../parquet/features/${name}.parquet`);
    expect(await describeFeatures(path, { layer: 'final' })).toMatchObject({ n: 40, d: 6, type, array });
    expect(await all(path)).toEqual(known.values);
  });

  it('parquet: a column for each number, others left out and told', async () => {
    const path = await put(folder, 'columns.parquet', parquetBytes(known, { columns: true }));
    const header = await describeFeatures(path, { layer: 'final' });
    expect(header).toMatchObject({ n: 40, d: 6, array: 'columns x0 … x5' });
    expect(header.notes).toEqual(['columns left out, no floats: row INT32']);
    expect(await all(path)).toEqual(known.values);
  });

  it('says which endings it knows', async () => {
    const path = await put(folder, 'a.pt', new Uint8Array(8));
    await expect(all(path)).rejects.toThrow(
      /format not known by its ending \(expected \.npy, \.npz, \.safetensors, \.parquet\)/,
    );
  });
});

describe('numbers', () => {
  it('float16 by its definition: subnormal, largest, infinite, NaN', () => {
    const bits = Uint16Array.of(0x0001, 0x8000, 0x3c00, 0x7bff, 0xfc00, 0x7e00, 0x3555);
    const values = [2 ** -24, -0, 1, 65504, -Infinity, NaN, 0.333251953125];
    expect([...toFloat32(new Uint8Array(bits.buffer), { type: 'float16', bigEndian: false })]).toEqual(values);
  });

  it('bfloat16 is the upper half of float32', () => {
    const bits = Uint16Array.of(0x3f80, 0xc049, 0x7f80);
    const values = toFloat32(new Uint8Array(bits.buffer), { type: 'bfloat16', bigEndian: false });
    expect([...values]).toEqual([1, -3.140625, Infinity]);
  });

  it('float64 beyond float32 becomes infinite', () => {
    const bytes = new Uint8Array(Float64Array.of(1e39, -1e39, 0.1).buffer);
    const values = toFloat32(bytes, { type: 'float64', bigEndian: false });
    expect([...values]).toEqual([Infinity, -Infinity, Math.fround(0.1)]);
  });
});

describe('what is read', () => {
  it('takes a range of 200 MB, not the file', async () => {
    const [n, d] = [50_000, 1024];
    const path = join(folder, 'large.npy');
    const handle = await open(path, 'w');
    const head = npyHeader('<f4', [n, d]);
    await handle.write(head);
    await handle.truncate(head.length + n * d * 4);
    await handle.close();
    const source = await FileSource.open(path);
    let read = 0;
    const counting = {
      ...{ name: path, byteLength: source.byteLength },
      read: (start: number, end: number) => {
        read += end - start;
        return source.read(start, end);
      },
    };
    const matrix = await readNpy(counting);
    expect(read).toBeLessThan(100_000);
    read = 0;
    const rows = rowsOf(counting, matrix);
    expect((await rows.read(49_000, 49_010)).length).toBe(10 * d);
    expect(read).toBe(10 * d * 4);
    await source.close();
  });

  it('parses a header with its keys in another order, and no other', () => {
    const bytes = npyHeader('<f4', [2, 3]);
    const text = Buffer.from(bytes).toString('latin1');
    const swapped = text.replace(
      "'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), ",
      "'shape': (2, 3), 'descr': '<f4', 'fortran_order': False, ",
    );
    expect(
      parseNpy(
        'x',
        Uint8Array.from(swapped, (c) => c.charCodeAt(0)),
      ),
    ).toMatchObject({ descr: '<f4', shape: [2, 3] });
    const evil = text.replace("'descr': '<f4'", "'descr': f(1) ");
    expect(() =>
      parseNpy(
        'x',
        Uint8Array.from(evil, (c) => c.charCodeAt(0)),
      ),
    ).toThrow(/header can't be read/);
  });

  it('refuses a shape that the file does not hold before reading a number', async () => {
    const source = new MemorySource(npyHeader('<f8', [2_000_000_000, 1_000_000]));
    await expect(readNpy(source)).rejects.toThrow(/of shape \(2000000000, 1000000\) ends at byte \d+, got 128 bytes/);
    const wide = new MemorySource(npyHeader('<f4', [1, 2_000_000]));
    await expect(readNpy(wide)).rejects.toThrow(/expected 1 to 1048576 columns/);
  });
});

describe('a deflated array that claims what it does not hold', () => {
  const npy = npyBytes(known);
  const packed = (content: Uint8Array, size: number): Buffer =>
    zipOf([{ name: 'final.npy', data: deflateRawSync(content), method: 8, crc: crc32(content), size }]);

  it.each([
    [
      'more than deflate can make of its bytes',
      packed(npy, 4e9),
      /bytes can't inflate to the 4000000000 that it claims/,
    ],
    // A megabyte of zeros behind the array, in a thousand bytes.
    [
      'less than it is',
      packed(Buffer.concat([npy, Buffer.alloc(1 << 20)]), npy.length),
      /it inflates to more than 1088 bytes/,
    ],
    ['a little more than it is', packed(npy, npy.length + 24), /ends at byte 1088, got 1112 bytes|inflates to 1088/],
  ])('%s', async (_, bytes, message) => {
    const path = await put(folder, 'claims.npz', bytes);
    await expect(all(path)).rejects.toThrow(message);
    expect((await readdir(folder)).filter((name) => name.includes('scratch'))).toEqual([]);
  });

  it('is read where it tells the truth', async () => {
    expect(await all(await put(folder, 'true.npz', packed(npy, npy.length)))).toEqual(known.values);
  });
});

describe('damaged files', () => {
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), bit: fc.constant(0) }),
    fc.record({ kind: fc.constant('lengthen' as const), at: fc.integer({ min: 1, max: 300 }), bit: fc.nat(255) }),
  );
  const files: [string, () => Promise<Uint8Array>][] = [
    ['a.npy', () => Promise.resolve(npyBytes(known))],
    ['stored.npz', () => readFile(golden('stored.npz'))],
    ['deflated.npz', () => readFile(golden('deflated.npz'))],
    ['b.safetensors', () => Promise.resolve(safetensorsBytes(known))],
    ['list.parquet', () => Promise.resolve(parquetBytes(known))],
    ['columns.parquet', () => Promise.resolve(parquetBytes(known, { columns: true }))],
    ['zstd.parquet', () => readFile(golden('../parquet/features/fixed_float64.parquet'))],
    ['split.parquet', () => readFile(golden('../parquet/features/split_float32.parquet'))],
  ];

  it.each([
    ['the dtype of `final`, which leaves layer2 as the only matrix', 67, 1],
    ['the ending of its name in the directory, which hides it', 3815, 0],
  ])('stored.npz: one bit in %s', async (_, at, bit) => {
    const bytes = await readFile(golden('stored.npz'));
    bytes[at]! ^= 1 << bit;
    const path = await put(folder, 'bit.npz', bytes);
    await expect(all(path)).rejects.toThrow(/entry final\.np.: can't be read|is not where the directory says/);
  });

  it.each(files)(
    '%s: a clear error or a matrix',
    async (name, make) => {
      const good = await make();
      let counter = 0;
      await fc.assert(
        fc.asyncProperty(damage, async ({ kind, at, bit }) => {
          let bytes = Buffer.from(good);
          if (kind === 'flip') bytes[at % bytes.length]! ^= 1 << bit;
          else if (kind === 'cut') bytes = bytes.subarray(0, at % bytes.length);
          else bytes = Buffer.concat([bytes, Buffer.alloc(at, bit)]);
          const path = await put(folder, `${counter++}-${name}`, bytes);
          try {
            const values = await all(path);
            // What can be read is a whole matrix; a zip's checksums let no other number through.
            expect(values.length).toBeGreaterThan(0);
            if (name.endsWith('.npz')) expect(values).toEqual(known.values);
          } catch (error) {
            if (!(error instanceof EigentraceError)) throw error;
            expect(error.code).toBe('input');
            expect(error.message).toContain(path);
          } finally {
            await rm(path);
          }
        }),
        { numRuns: 300 },
      );
    },
    60_000,
  );
});
