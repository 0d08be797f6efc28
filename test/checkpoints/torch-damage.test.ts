/** Files of torch.save that are damaged or made to mislead: always a clear error or the right ranges, and little memory. */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/index.js';
import { readTorchFile, type TorchRange } from '../../src/checkpoints/torch-file.js';
import { EigentraceError } from '../../src/errors.js';
import {
  asZip64,
  bytesOf,
  int,
  statePickle,
  text,
  zipOf,
  type PickledTensor,
  type ZippedEntry,
} from '../bytes/pickles.js';
import { golden } from '../golden/checkpoint.js';

const floats = (count: number) => new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer);
const storage: ZippedEntry = { name: 'm/data/0', data: floats(6) };
const whole: PickledTensor = { name: 'w', key: '0', count: 6, shape: [2, 3] };

const archive = (tensors: readonly PickledTensor[], ...entries: ZippedEntry[]) =>
  zipOf([{ name: 'm/data.pkl', data: statePickle(tensors) }, ...entries]);

async function opened(bytes: Uint8Array): Promise<Map<string, TorchRange> | string> {
  try {
    return (await readTorchFile(new MemorySource(bytes, 'w.bin'))).tensors;
  } catch (error) {
    return error instanceof EigentraceError ? error.message : `not ours: ${(error as Error).stack}`;
  }
}

describe('an archive', () => {
  it('gives the ranges of views: offsets, a scalar, no elements, sizes of 1 with any stride', async () => {
    const tensors = [
      whole,
      { ...whole, name: 'tail', offset: 4, shape: [2] },
      { ...whole, name: 'one', offset: 5, shape: [] },
      { ...whole, name: 'none', offset: 6, shape: [0, 3] },
      { ...whole, name: 'column', shape: [6, 1], strides: [1, 99] },
    ];
    const found = (await opened(asZip64(archive(tensors, storage)))) as Map<string, TorchRange>;
    const start = found.get('w')!.start;
    const places = [...found.values()].map((range) => [range.start - start, range.end - start]);
    expect(places).toEqual([
      [0, 24],
      [16, 24],
      [20, 24],
      [24, 24],
      [0, 24],
    ]);
  });

  it.each([
    [
      'a tensor past its storage',
      archive([{ ...whole, offset: 1 }], storage),
      'tensor w of shape [2, 3] at byte 4 goes past its storage of 24 bytes',
    ],
    ['a tensor of absurd size', archive([{ ...whole, shape: [2 ** 40, 2 ** 40] }], storage), 'goes past its storage'],
    ['a negative size', archive([{ ...whole, shape: [-2, 3] }], storage), 'has -2 where a size or an offset should be'],
    ['a negative offset', archive([{ ...whole, offset: -1 }], storage), 'has -1 where a size'],
    [
      'strides that overlap',
      archive([{ ...whole, strides: [0, 1] }], storage),
      'is not contiguous, got strides [0, 1]',
    ],
    ['too few strides', archive([{ ...whole, strides: [1] }], storage), '2 sizes and 1 strides'],
    [
      '100 dimensions',
      archive([{ ...whole, shape: Array<number>(100).fill(1) }], storage),
      'of 100 dimensions (expected at most 64)',
    ],
    [
      'a storage of another size',
      archive([whole], { ...storage, data: floats(7) }),
      'storage 0 has 28 bytes, its tensors were told 24',
    ],
    [
      'a storage of two sizes',
      archive([whole, { ...whole, name: 'v', count: 5, shape: [5] }], storage),
      'storage 0 is there with two sizes, 6 and 5',
    ],
    ['a storage that is not there', archive([{ ...whole, key: '7' }], storage), 'entry m/data/7 is not in the archive'],
    [
      'a storage outside the archive',
      archive([{ ...whole, key: '../../x' }], storage),
      'entry m/data/../../x is not in the archive',
    ],
    [
      'a storage of another kind',
      archive([{ ...whole, type: 'QInt8Storage' }], storage),
      'refuses to run torch.QInt8Storage',
    ],
    ['a compressed storage', archive([whole], { ...storage, method: 8 }), 'entry m/data/0 is compressed, got deflate'],
    [
      'big-endian numbers',
      archive([whole], storage, { name: 'm/byteorder', data: Buffer.from('big') }),
      'byte order "big" (expected little)',
    ],
    [
      'a program',
      archive([whole], storage, { name: 'm/constants.pkl', data: Buffer.alloc(1) }),
      'a TorchScript program',
    ],
    ['no pickle', zipOf([storage]), 'a zip archive without data.pkl'],
    [
      'a pickle that does not fit its checksum',
      zipOf([{ name: 'm/data.pkl', data: statePickle([whole]), crc: 5 }, storage]),
      'does not fit its checksum',
    ],
    [
      'a pickle that runs something',
      zipOf([
        { name: 'm/data.pkl', data: statePickle([whole], bytesOf('cos\nsystem\n', text('true'), 0x85, 'R0')) },
        storage,
      ]),
      'refuses to run os.system',
    ],
    [
      'a list instead of a state dict',
      zipOf([{ name: 'm/data.pkl', data: bytesOf(0x80, 2, '].') }]),
      'holds no state dict',
    ],
    [
      'a dict copied again and again',
      zipOf([
        {
          name: 'm/data.pkl',
          data: bytesOf(
            0x80,
            2,
            '](',
            bytesOf('(', text('a'), 'Nt').toString('latin1').repeat(5000),
            'eq',
            1,
            '0',
            'ccollections\nOrderedDict\nh\x01\x85R0'.repeat(5000),
            'N.',
          ),
        },
      ]),
      'more than 1000000 items in its dicts',
    ],
  ])('with %s is refused', async (_, bytes, message) => {
    const found = await opened(bytes);
    expect(found).toContain('w.bin: ');
    expect(found).toContain(message);
  });
});

describe('the older format', () => {
  const magic = bytesOf(0x80, 2, 0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'), '.');
  const system = bytesOf(0x80, 2, '}(', text('little_endian'), 0x88, 'u.');
  const keys = bytesOf(0x80, 2, '](', text('0'), 'e.');
  const count = (value: number) => int(value).subarray(2);
  const old = (parts: { version?: number; system?: Buffer; keys?: Buffer; count?: number; data?: Uint8Array } = {}) =>
    bytesOf(
      ...[magic, bytesOf(0x80, 2, int(parts.version ?? 1001), '.'), parts.system ?? system, statePickle([whole])],
      ...[parts.keys ?? keys, count(parts.count ?? 6), parts.data ?? floats(6)],
    );

  it('gives ranges in place', async () => {
    const bytes = old();
    expect(await opened(bytes)).toEqual(
      new Map([['w', { dtype: 'F32', shape: [2, 3], start: bytes.length - 24, end: bytes.length }]]),
    );
  });

  it('reads a pickle of megabytes, in steps, and none of what follows', async () => {
    const tensors = Array.from({ length: 4000 }, (_, i) => ({ ...whole, name: `layers.${i}.${'x'.repeat(100)}` }));
    const bytes = bytesOf(
      magic,
      bytesOf(0x80, 2, int(1001), '.'),
      system,
      statePickle(tensors),
      keys,
      count(6),
      floats(6),
    );
    const source = new MemorySource(bytes, 'w.bin');
    expect((await readTorchFile(source)).tensors.size).toBe(4000);
    expect(source.reads.length).toBeLessThan(6);
  });

  it.each([
    ['of another version', old({ version: 1000 }), 'protocol 1000 (expected 1001)'],
    ['of a big-endian machine', old({ system: bytesOf(0x80, 2, '}.') }), 'big-endian machine'],
    ['whose storage has another length', old({ count: 7 }), 'storage 0 has 7 elements, its tensors were told 6'],
    ['whose storage has a negative length', old({ count: -1 }), 'storage 0 has -1 elements'],
    ['that is cut', old({ data: floats(5) }), 'storage 0 of 24 bytes goes past the end'],
    ['without its storage', old({ keys: bytesOf(0x80, 2, '].') }), 'storage 0 is not in the file'],
    [
      'with a storage of nobody',
      old({ keys: bytesOf(0x80, 2, '](', text('9'), 'e.') }),
      'storage 9 belongs to no tensor',
    ],
    [
      'with a storage twice',
      old({ keys: bytesOf(0x80, 2, '](', text('0'), text('0'), 'e.'), data: bytesOf(floats(6), count(6), floats(6)) }),
      'storage 0 is there twice',
    ],
  ])('%s is refused', async (_, bytes, message) => {
    expect(await opened(bytes)).toContain(message);
  });
});

describe('any damage', () => {
  it('torch/shared.bin: every single bit, the right ranges or a clear error', async () => {
    const bytes = await readFile(golden('checkpoints/torch/shared.bin'));
    const right = await opened(bytes);
    expect(right).toBeInstanceOf(Map);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const found = await opened(bytes);
      if (typeof found === 'string') expect(found).toMatch(/^w\.bin: /);
      else if (!isDeepStrictEqual(found, right)) expect.fail(`bit ${bit & 7} of byte ${bit >> 3} moves a tensor`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it.each(['torch/shared.bin', 'torch/kinds.bin', 'torch/shared_old.bin', 'olmo2_legacy_bin/pytorch_model.bin'])(
    '%s: the right ranges or a clear error, in bounded time and reads',
    async (name) => {
      const bytes = await readFile(golden(`checkpoints/${name}`));
      const right = (await opened(bytes)) as Map<string, TorchRange>;
      expect(right).toBeInstanceOf(Map);
      // Flips where the structure stands: what is read of the file, the front and the tail.
      const places = fc.oneof(fc.nat(Math.min(3000, bytes.length - 1)), fc.nat(bytes.length - 1));
      const damage = fc.record({ at: places, value: fc.nat(255), more: fc.nat(100) });
      await fc.assert(
        fc.asyncProperty(damage, fc.constantFrom('flip', 'cut', 'lengthen'), async ({ at, value, more }, how) => {
          const damaged = Buffer.from(
            how === 'cut'
              ? bytes.subarray(0, at)
              : how === 'lengthen'
                ? bytesOf(bytes, Buffer.alloc(more, value))
                : bytes,
          );
          if (how === 'flip') damaged[at] = value;
          const source = new MemorySource(damaged, 'w.bin');
          const found = await readTorchFile(source).then(
            ({ tensors }) => tensors,
            (error: unknown) => error,
          );
          const read = source.reads.reduce((sum, { start, end }) => sum + end - start, 0);
          expect(read).toBeLessThan(3 * bytes.length + 70_000);
          if (!(found instanceof Map)) {
            expect(found).toBeInstanceOf(EigentraceError);
            expect((found as Error).message).toMatch(/^w\.bin: /);
            return;
          }
          // A pickle with a checksum is right or refused; the older format has none: its ranges are sound at least.
          if (name.endsWith('_old.bin') || name.includes('legacy')) {
            for (const { start, end } of (found as Map<string, TorchRange>).values()) {
              expect(start).toBeLessThanOrEqual(end);
              expect(end).toBeLessThanOrEqual(damaged.length);
            }
          } else expect(found).toEqual(right);
        }),
        { numRuns: 400 },
      );
    },
    60_000,
  );
});
