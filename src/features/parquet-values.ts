/**
 * The numbers of a parquet page, after its levels: plain, by a dictionary or split into byte streams. Source:
 * parquet-format, Encodings. Throws plain errors.
 */
import { readIndices } from '../bytes/parquet-runs.js';
import { toFloat32, widthOf, type FloatType } from '../bytes/floats.js';

export interface PageLayout {
  readonly type: FloatType;
  readonly encoding: string;
  /** Values in the page. */
  readonly count: number;
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
    return Float32Array.from(readIndices(bytes, count, dictionary.length), (index) => dictionary[index]!);
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
