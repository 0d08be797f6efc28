/**
 * ggml's tensor types and what their blocks mean (ggml-quants.c; the figures are those of the `gguf` package's
 * `dequantize`, bit for bit). A block is a run of elements of one row with scales of its own. Every product here has
 * at most 24 significant bits, so that only the last sum is rounded, to float32.
 */
import { EigentraceError } from '../errors.js';

export interface GgmlType {
  readonly name: string;
  /** Elements and bytes of a block. */
  readonly elements: number;
  readonly bytes: number;
  /** The dtype whose bytes these are; null for blocks that must be dequantised. */
  readonly dtype: 'F64' | 'F32' | 'F16' | 'BF16' | null;
  /** Float32 values of one block; null when the dtype says all. */
  readonly expand: ((block: DataView, out: Float32Array, at: number) => void) | null;
}

const plain = (name: 'F64' | 'F32' | 'F16' | 'BF16', bytes: number): GgmlType => ({
  ...{ name, elements: 1, bytes, dtype: name, expand: null },
});
const blocks = (name: string, elements: number, bytes: number, expand: GgmlType['expand']): GgmlType => ({
  ...{ name, elements, bytes, dtype: null, expand },
});

/** The types that are read, by number. */
const types: ReadonlyMap<number, GgmlType> = new Map([
  [0, plain('F32', 4)],
  [1, plain('F16', 2)],
  [28, plain('F64', 8)],
  [30, plain('BF16', 2)],
  [2, blocks('Q4_0', 32, 18, expandQ4)],
  [3, blocks('Q4_1', 32, 20, expandQ4WithMinimum)],
  [6, blocks('Q5_0', 32, 22, expandQ5)],
  [7, blocks('Q5_1', 32, 24, expandQ5WithMinimum)],
  [8, blocks('Q8_0', 32, 34, expandQ8)],
  [10, blocks('Q2_K', 256, 84, expandQ2K)],
  [11, blocks('Q3_K', 256, 110, expandQ3K)],
  [12, blocks('Q4_K', 256, 144, expandQ4K)],
  [13, blocks('Q5_K', 256, 176, expandQ5K)],
  [14, blocks('Q6_K', 256, 210, expandQ6K)],
]);

/** Those that are not, so that errors can name them. */
const others: Readonly<Record<number, string>> = {
  ...{ 9: 'Q8_1', 15: 'Q8_K', 16: 'IQ2_XXS', 17: 'IQ2_XS' },
  ...{ 18: 'IQ3_XXS', 19: 'IQ1_S', 20: 'IQ4_NL', 21: 'IQ3_S', 22: 'IQ2_S', 23: 'IQ4_XS', 24: 'I8', 25: 'I16' },
  ...{ 26: 'I32', 27: 'I64', 29: 'IQ1_M', 34: 'TQ1_0', 35: 'TQ2_0', 39: 'MXFP4' },
};

/** The type of a number in a file; `subject` is the file and tensor, for the error. */
export function ggmlType(subject: string, number: number): GgmlType {
  const type = types.get(number);
  if (type) return type;
  const known = [...types.values()].map(({ name }) => name).join(', ');
  const advice = 'take the F16 or Q8_0 file of the same model, or quantise it again with `llama-quantize`';
  throw new EigentraceError(
    'input',
    `${subject}: type is not supported, got ${others[number] ?? `number ${number}`} (expected ${known}); ${advice}`,
  );
}

/** Float32 values of whole blocks of `type`. */
export function dequantise(type: GgmlType, bytes: Uint8Array): Float32Array {
  if (!type.expand || bytes.length % type.bytes !== 0) {
    throw new EigentraceError('internal', `internal: ${bytes.length} bytes are no whole blocks of ${type.name}`);
  }
  const count = bytes.length / type.bytes;
  const out = new Float32Array(count * type.elements);
  for (let i = 0; i < count; i++) {
    const block = new DataView(bytes.buffer, bytes.byteOffset + i * type.bytes, type.bytes);
    type.expand(block, out, i * type.elements);
  }
  return out;
}

/** A float16 at a byte of a block. */
function half(view: DataView, at: number): number {
  const bits = view.getUint16(at, true);
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** d, 16 bytes: q = low nibbles, then high ones; d·(q − 8). */
function expandQ4(block: DataView, out: Float32Array, at: number): void {
  const d = half(block, 0);
  for (let i = 0; i < 16; i++) {
    const byte = block.getUint8(2 + i);
    out[at + i] = d * ((byte & 15) - 8);
    out[at + 16 + i] = d * ((byte >> 4) - 8);
  }
}

/** d, m, 16 bytes: d·q + m. */
function expandQ4WithMinimum(block: DataView, out: Float32Array, at: number): void {
  const [d, m] = [half(block, 0), half(block, 2)];
  for (let i = 0; i < 16; i++) {
    const byte = block.getUint8(4 + i);
    out[at + i] = d * (byte & 15) + m;
    out[at + 16 + i] = d * (byte >> 4) + m;
  }
}

/** d, 32 signed bytes: d·q. */
function expandQ8(block: DataView, out: Float32Array, at: number): void {
  const d = half(block, 0);
  for (let i = 0; i < 32; i++) out[at + i] = d * block.getInt8(2 + i);
}

/** d, 32 upper bits, 16 bytes of nibbles: d·(q − 16). */
function expandQ5(block: DataView, out: Float32Array, at: number): void {
  const d = half(block, 0);
  for (let i = 0; i < 32; i++) out[at + i] = d * (fiveBits(block, 2, i) - 16);
}

/** d, m, 32 upper bits, 16 bytes of nibbles: d·q + m. */
function expandQ5WithMinimum(block: DataView, out: Float32Array, at: number): void {
  const [d, m] = [half(block, 0), half(block, 2)];
  for (let i = 0; i < 32; i++) out[at + i] = d * fiveBits(block, 4, i) + m;
}

/** Element i of 32: its upper bit from 4 bytes at `from`, its nibble from the 16 behind them. */
function fiveBits(block: DataView, from: number, i: number): number {
  const low = (block.getUint8(from + 4 + (i & 15)) >> ((i >> 4) * 4)) & 15;
  return low | (((block.getUint8(from + (i >> 3)) >> (i & 7)) & 1) << 4);
}

/** 16 bytes of a scale and a minimum of 4 bits for groups of 16, 64 bytes of bit pairs, d, dmin: d·scale·q − dmin·minimum. */
function expandQ2K(block: DataView, out: Float32Array, at: number): void {
  const [d, dmin] = [half(block, 80), half(block, 82)];
  for (let i = 0; i < 256; i++) {
    const scales = block.getUint8(i >> 4);
    out[at + i] = d * (scales & 15) * bitPair(block, 16, i) - dmin * (scales >> 4);
  }
}

/** 32 bytes of upper bits, 64 of bit pairs, 12 of 6-bit scales for groups of 16, d: d·(scale − 32)·q, q from −4 to 3. */
function expandQ3K(block: DataView, out: Float32Array, at: number): void {
  const d = half(block, 108);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const low = (block.getUint8(96 + (group & 7)) >> ((group >> 3) * 4)) & 15;
    const high = (block.getUint8(104 + (group & 3)) >> ((group >> 2) * 2)) & 3;
    // 4 is taken off where the upper bit is not set.
    const upper = (block.getUint8(i & 31) >> (i >> 5)) & 1;
    out[at + i] = d * ((low | (high << 4)) - 32) * (bitPair(block, 32, i) - (upper ^ 1) * 4);
  }
}

/** Element i of 256 in 64 bytes: 32 bytes hold four rows of 32 elements, the first in the lowest bits. */
function bitPair(block: DataView, from: number, i: number): number {
  return (block.getUint8(from + (i >> 7) * 32 + (i & 31)) >> (((i >> 5) & 3) * 2)) & 3;
}

/** d, dmin, 12 bytes of 6-bit scales and minima for 8 groups of 32, 128 bytes of nibbles: d·scale·q − dmin·minimum. */
function expandQ4K(block: DataView, out: Float32Array, at: number): void {
  const [d, dmin] = [half(block, 0), half(block, 2)];
  for (let group = 0; group < 8; group++) {
    const { scale, minimum } = scalesOf(block, group);
    const shift = (group & 1) * 4;
    const from = 16 + (group >> 1) * 32;
    for (let i = 0; i < 32; i++) {
      const q = (block.getUint8(from + i) >> shift) & 15;
      out[at + group * 32 + i] = d * scale * q - dmin * minimum;
    }
  }
}

/** The same with 32 bytes of fifth bits before the nibbles. */
function expandQ5K(block: DataView, out: Float32Array, at: number): void {
  const [d, dmin] = [half(block, 0), half(block, 2)];
  for (let group = 0; group < 8; group++) {
    const { scale, minimum } = scalesOf(block, group);
    const shift = (group & 1) * 4;
    const from = 48 + (group >> 1) * 32;
    for (let i = 0; i < 32; i++) {
      const high = (block.getUint8(16 + i) >> group) & 1;
      const q = ((block.getUint8(from + i) >> shift) & 15) | (high << 4);
      out[at + group * 32 + i] = d * scale * q - dmin * minimum;
    }
  }
}

/** Scale and minimum of a group of Q4_K and Q5_K. */
function scalesOf(block: DataView, group: number): { scale: number; minimum: number } {
  if (group < 4) return { scale: block.getUint8(4 + group) & 63, minimum: block.getUint8(8 + group) & 63 };
  // The later groups' upper two bits lie above those of the earlier.
  const both = block.getUint8(8 + group);
  return {
    scale: (both & 15) | ((block.getUint8(group) >> 6) << 4),
    minimum: (both >> 4) | ((block.getUint8(4 + group) >> 6) << 4),
  };
}

/** 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed scales, d: d·scale·(q − 32). */
function expandQ6K(block: DataView, out: Float32Array, at: number): void {
  const d = half(block, 208);
  for (let i = 0; i < 256; i++) {
    const [part, within] = [i >> 7, i & 127];
    const low = (block.getUint8(part * 64 + (within & 63)) >> ((within >> 6) * 4)) & 15;
    const high = (block.getUint8(128 + part * 32 + (within & 31)) >> ((within >> 5) * 2)) & 3;
    out[at + i] = d * block.getInt8(192 + (i >> 4)) * ((low | (high << 4)) - 32);
  }
}
