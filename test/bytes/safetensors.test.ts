import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemorySource, readSafetensors, readSafetensorsHeader, type SafetensorsHeader } from '../../src/bytes/index.js';

const sharded = new URL('../golden/checkpoints/llama_sharded/', import.meta.url);
const sample = new URL('../../sample/series/step0/model.safetensors', import.meta.url);

/** A file from its header's text, with `data` bytes after it. */
function file(header: string, data: number, length = BigInt(Buffer.byteLength(header))): MemorySource {
  const bytes = Buffer.alloc(8 + Buffer.byteLength(header) + data);
  bytes.writeBigUInt64LE(length, 0);
  bytes.write(header, 8);
  return new MemorySource(new Uint8Array(bytes), 'bad.safetensors');
}

const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const json = (header: unknown, data: number) => file(JSON.stringify(header), data);

async function messageOf(source: MemorySource): Promise<string> {
  const error: unknown = await readSafetensorsHeader(source).then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ name: 'EigentraceError', code: 'input' });
  return (error as Error).message;
}

describe('readSafetensorsHeader', () => {
  it('reads 8 bytes and the header of a Python-written file, no tensor', async () => {
    const bytes = new Uint8Array(await readFile(sample));
    const source = new MemorySource(bytes, 'sample');
    const { tensors, metadata } = await readSafetensorsHeader(source);
    const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
    expect(source.reads).toEqual([
      { start: 0, end: 8 },
      { start: 8, end: 8 + length },
    ]);
    expect(length).toBeLessThan(10_000);
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.get('gpt_neox.embed_in.weight')).toMatchObject({ dtype: 'F16', shape: [1024, 128] });
    // 857,216 parameters (the sample's README), each of 2 bytes, fill the file after the header.
    const parameters = [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((p, n) => p * n, 1), 0);
    expect(parameters).toBe(857_216);
    expect(Math.max(...[...tensors.values()].map((t) => t.end))).toBe(bytes.length);
  });

  it('keeps scalars, empty tensors and metadata', async () => {
    const header = { __metadata__: { a: '1' }, none: entry('F32', [0, 7], [0, 0]), one: entry('F64', [], [0, 8]) };
    const { tensors, metadata } = await readSafetensorsHeader(json(header, 8));
    expect(metadata).toEqual({ a: '1' });
    expect(tensors.get('none')!.shape).toEqual([0, 7]);
    expect(tensors.get('one')!.end - tensors.get('one')!.start).toBe(8);
  });

  it('refuses a header of 2^60 bytes before allocating, having read 8 bytes', async () => {
    const source = file('{}', 0, 2n ** 60n);
    expect(await messageOf(source)).toBe(
      'bad.safetensors: header too long, got 1152921504606846976 bytes (expected at most 100000000; not a safetensors file, or a damaged one)',
    );
    expect(source.reads).toEqual([{ start: 0, end: 8 }]);
  });

  it.each([
    [
      'shorter than 8 bytes',
      new MemorySource(new Uint8Array(3), 'bad.safetensors'),
      'too short for safetensors, got 3',
    ],
    ['header past the end', file('{}', 0, 999n), 'header ends past the file, got 1007 (expected at most 10 bytes'],
    ['not JSON', file('{"a"', 0), 'header is not JSON ('],
    ['not an object', file('[1,2]', 0), 'header is not a JSON object, got [1,2]'],
    ['not UTF-8', new MemorySource(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), 'bad.safetensors'), 'not UTF-8'],
    ['unknown dtype', json({ w: entry('F12', [2], [0, 8]) }, 8), 'tensor w has an unknown dtype, got "F12"'],
    ['negative size', json({ w: entry('F32', [-2], [0, 8]) }, 8), 'tensor w has shape [-2]'],
    ['fractional size', json({ w: entry('F32', [1.5], [0, 6]) }, 6), 'tensor w has shape [1.5]'],
    ['negative offset', json({ w: entry('F32', [2], [-8, 0]) }, 8), 'tensor w has data_offsets [-8,0]'],
    ['one offset', json({ w: entry('F32', [2], [8]) }, 8), 'tensor w has data_offsets [8]'],
    ['end before begin', json({ w: entry('F32', [2], [8, 0]) }, 8), 'tensor w ends before it begins'],
    [
      'past the end',
      json({ w: entry('F32', [4], [0, 16]) }, 8),
      'tensor w lies past the end of the file, got data_offsets [0, 16] (expected at most 8 bytes of data; truncated?)',
    ],
    [
      'shape against bytes',
      json({ w: entry('F32', [3], [0, 8]) }, 8),
      'tensor w: F32 of shape [3] takes 12 bytes, got data_offsets [0, 8] of 8 bytes',
    ],
    [
      'dimensions whose product passes 2^64',
      json({ w: entry('U8', [2 ** 33, 2 ** 33], [0, 8]) }, 8),
      'takes 73786976294838206464 bytes, got data_offsets [0, 8] of 8 bytes',
    ],
    [
      'overlap',
      json({ a: entry('F32', [2], [0, 8]), b: entry('F32', [2], [4, 12]) }, 12),
      'tensors a and b overlap, b begins at',
    ],
    [
      'hole',
      json({ a: entry('U8', [2], [0, 2]), b: entry('U8', [2], [5, 7]) }, 7),
      'hole of 3 bytes between a and tensor b',
    ],
    ['hole at the start', json({ a: entry('U8', [2], [4, 6]) }, 6), 'hole of 4 bytes between the header and tensor a'],
    ['bytes after the last tensor', json({ a: entry('U8', [2], [0, 2]) }, 5), 'expected nothing after them'],
    ['metadata not strings', json({ __metadata__: { a: 1 } }, 0), '__metadata__ a is not a string, got 1'],
    ['entry null', json({ a: null }, 0), 'tensor a has no entry'],
    [
      'a name twice',
      file(
        '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0077":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        1,
      ),
      'header names w twice',
    ],
    [
      'a field twice',
      file('{"w":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1),
      'header names dtype twice',
    ],
  ])('refuses: %s', async (_, source, expected) => {
    const message = await messageOf(source);
    expect(message).toContain(expected);
    expect(message.startsWith('bad.safetensors: ')).toBe(true);
  });

  it('answers any damage to the first bytes with its own error or a consistent header', async () => {
    const whole = new Uint8Array(await readFile(new URL('model-00003-of-00003.safetensors', sharded)));
    const header = Number(Buffer.from(whole).readBigUInt64LE(0));
    const damage = fc.array(fc.tuple(fc.nat(header + 7), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        const source = new MemorySource(bytes, 'bad.safetensors');
        const result = await readSafetensorsHeader(source).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toMatchObject({ name: 'EigentraceError', code: 'input' });
        else {
          const ends = [...(result as SafetensorsHeader).tensors.values()].map(({ end }) => end);
          expect(Math.max(...ends)).toBe(bytes.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is not overrun by a header of brackets', async () => {
    expect(await messageOf(file('['.repeat(1_000_000), 0))).toContain('header is not JSON');
    expect(await messageOf(file(`${'['.repeat(1e6)}${']'.repeat(1e6)}`, 0))).toContain('header is not a JSON object');
  });

  it('takes names that look like JSON or like object properties', async () => {
    const header = { 'a":{"a': entry('U8', [1], [0, 1]), constructor: entry('U8', [1], [1, 2]) };
    const text = JSON.stringify(header).replace('"constructor"', '"__proto__"');
    const { tensors } = await readSafetensorsHeader(file(text, 2));
    expect([...tensors.keys()]).toEqual(['a":{"a', '__proto__']);
  });
});

describe('readSafetensors', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'eigentrace-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('gives the reference tensors of a Python-written file', async () => {
    const { tensors } = await readSafetensors(new URL('reference.safetensors', sharded).pathname);
    // Values as Python's struct.unpack reads them from the file.
    expect(tensors.get('ids_2')!.data).toEqual(Int32Array.of(54, 50, 45, 87, 61, 84, 40));
    const final = tensors.get('final_0')!;
    expect(final).toMatchObject({ dtype: 'F32', shape: [48] });
    expect([...(final.data as Float32Array).subarray(0, 4)]).toEqual([
      -0.6566944718360901, -0.29788491129875183, -2.2298502922058105, 0.25716400146484375,
    ]);
    expect(tensors.get('hidden_all_2')!.data.length).toBe(3 * 7 * 48);
  });

  it('leaves half precision as its bits and refuses what has no array here', async () => {
    const half = json({ w: entry('BF16', [2], [0, 4]) }, 4);
    const { tensors } = await readSafetensors(half);
    expect(tensors.get('w')!.data).toEqual(new Uint16Array(2));
    await expect(readSafetensors(json({ w: entry('F8_E4M3', [2], [0, 2]) }, 2))).rejects.toThrow(
      "bad.safetensors: tensor w can't be read into an array, got dtype F8_E4M3",
    );
  });

  it('names a file that is not there and one cut short', async () => {
    await expect(readSafetensors(join(folder, 'absent.safetensors'))).rejects.toThrow('no such file');
    const whole = await readFile(sample);
    const path = join(folder, 'cut.safetensors');
    await writeFile(path, whole.subarray(0, whole.length - 1));
    await expect(readSafetensors(path)).rejects.toThrow(/cut\.safetensors: tensor .* lies past the end of the file/);
  });
});
