/**
 * Levels, dictionary indices and lengths in a parquet page: runs, bit packing and deltas. Written here because a damaged
 * run length must not grow an array until the process dies: every count is held against what the page says before it is
 * used. Source: parquet-format, Encodings. Throws plain errors.
 */

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

/** Indices into a dictionary of `size`: a byte of their width, then runs. */
export function readIndices(bytes: Uint8Array, count: number, size: number): Uint32Array {
  const indices = readRuns(bytes.subarray(1), bytes[0] ?? 33, count);
  const wrong = indices.find((index) => index >= size);
  if (wrong !== undefined) throw new Error(`index ${wrong} into a dictionary of ${size}`);
  return indices;
}

/** DELTA_BINARY_PACKED: `count` int32 by their differences in blocks of miniblocks, and the byte after them. */
export function readDeltas(bytes: Uint8Array, count: number): { values: Int32Array; rest: Uint8Array } {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('deltas end early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Error('a delta of more than 10 bytes');
  };
  const signed = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);
  const [block, minis, total] = [next(), next(), next()];
  const mini = block / minis;
  if (total !== count || !(block <= 1 << 20) || !(mini >= 8) || mini % 8 !== 0) {
    throw new Error(`${total} deltas in blocks of ${block} in ${minis} parts, expected ${count}`);
  }
  const values = new Int32Array(count);
  let value = signed(next());
  if (count > 0) values[0] = value;
  for (let seen = 1; seen < count;) {
    const least = signed(next());
    const widths = bytes.subarray(at, at + minis);
    at += minis;
    for (let i = 0; i < minis && seen < count; i++) {
      const width = widths[i] ?? 33;
      if (width > 32 || at + (mini * width) / 8 > bytes.length) throw new Error('deltas end early');
      const end = Math.min(count, seen + mini);
      // int32 arithmetic that wraps, as the format asks for.
      for (let bit = at * 8; seen < end; seen++, bit += width) {
        values[seen] = value = (value + least + bitsAt(bytes, bit, width)) | 0;
      }
      at += (mini * width) / 8;
    }
  }
  return { values, rest: bytes.subarray(at) };
}
