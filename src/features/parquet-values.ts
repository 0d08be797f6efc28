/**
 * The values of one parquet data page of floats: repetition and definition levels, then the numbers, plain, by a
 * dictionary or split into byte streams. Written here because a damaged run length must not grow an array until the
 * process dies: every count is held against what the page says before it is used. Source: parquet-format, Encodings.
 */
import { toFloat32, widthOf, type FloatType } from './floats.js';

export interface PageLayout {
  readonly type: FloatType;
  readonly encoding: string;
  /** Values in the page. */
  readonly count: number;
}

/** The runs of the hybrid of run lengths and bit packing: `count` numbers of `width` bits. Throws where they end early. */
export function readRuns(bytes: Uint8Array, width: number, count: number): Uint32Array {
  const values = new Uint32Array(count);
  if (width === 0) return values;
  if (width > 32) throw new Error(`a width of ${width} bits`);
  const whole = (width + 7) >> 3;
  let at = 0;
  let seen = 0;
  while (seen < count) {
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 35) throw new Error('runs of levels or indices end early');
      header += (byte & 127) * scale;
      if (byte < 128) break;
    }
    const length = Math.floor(header / 2);
    if (length === 0) throw new Error('an empty run');
    if (header % 2 === 0) {
      if (at + whole > bytes.length) throw new Error('runs of levels or indices end early');
      let value = 0;
      for (let i = 0; i < whole; i++) value += bytes[at + i]! * 2 ** (8 * i);
      values.fill(value, seen, Math.min(count, seen + length));
      at += whole;
      seen += length;
      continue;
    }
    // Groups of 8; the last one may be cut off where no value is left.
    const end = Math.min(count, seen + length * 8);
    if (at + Math.ceil(((end - seen) * width) / 8) > bytes.length) throw new Error('packed values end early');
    for (let bit = at * 8; seen < end; seen++, bit += width) values[seen] = bitsAt(bytes, bit, width);
    at += length * width;
  }
  return values;
}

function bitsAt(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let done = 0; done < width;) {
    const shift = (bit + done) & 7;
    const taken = Math.min(8 - shift, width - done);
    value += ((bytes[(bit + done) >> 3]! >> shift) & ((1 << taken) - 1)) * 2 ** done;
    done += taken;
  }
  return value;
}

/** Levels of the first kind of page: a length of 4 bytes, then the runs. Gives the bytes after them, too. */
export function readLevels(bytes: Uint8Array, max: number, count: number): { levels: Uint32Array; rest: Uint8Array } {
  if (max === 0) return { levels: new Uint32Array(0), rest: bytes };
  if (bytes.length < 4) throw new Error('no room for levels');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (4 + length > bytes.length) throw new Error(`levels of ${length} bytes do not fit`);
  return { levels: readRuns(bytes.subarray(4, 4 + length), bitsOf(max), count), rest: bytes.subarray(4 + length) };
}

export function bitsOf(max: number): number {
  return 32 - Math.clz32(max);
}

/** `count` numbers of a page as float32. */
export function readValues(
  bytes: Uint8Array,
  { type, encoding, count }: PageLayout,
  dictionary: Float32Array | null,
): Float32Array {
  const width = widthOf(type);
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (dictionary === null) throw new Error('a dictionary is missing');
    const indices = readRuns(bytes.subarray(1), bytes[0] ?? 33, count);
    return Float32Array.from(indices, (index) => {
      if (index >= dictionary.length) throw new Error(`index ${index} into a dictionary of ${dictionary.length}`);
      return dictionary[index]!;
    });
  }
  if (bytes.length < count * width) throw new Error(`${count} numbers do not fit ${bytes.length} bytes`);
  const format = { type, bigEndian: false };
  if (encoding === 'PLAIN') return toFloat32(bytes.slice(0, count * width), format);
  if (encoding !== 'BYTE_STREAM_SPLIT') throw new Error(`encoding ${encoding} of floats is not read`);
  const joined = new Uint8Array(count * width);
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < width; b++) joined[i * width + b] = bytes[b * count + i]!;
  }
  return toFloat32(joined, format);
}
