/**
 * Stored floating-point numbers as the float32 that rows are made of. float16 and bfloat16 are exact; float64 is rounded
 * to the nearest float32, and what is beyond its range (±3.4e38) becomes ±Inf, so that its row is flagged `not-finite`.
 */

export type FloatType = 'float16' | 'bfloat16' | 'float32' | 'float64';

/** How numbers lie in a file. */
export interface FloatFormat {
  readonly type: FloatType;
  readonly bigEndian: boolean;
}

const widths = { float16: 2, bfloat16: 2, float32: 4, float64: 8 } as const;

/** Bytes of one number. */
export function widthOf(type: FloatType): number {
  return widths[type];
}

/** Numbers of that format. The bytes are the caller's to give away: they may be swapped in place or kept as the result. */
export function toFloat32(bytes: Uint8Array, { type, bigEndian }: FloatFormat): Float32Array {
  const own = bytes.byteOffset % widths[type] === 0 ? bytes : bytes.slice();
  if (bigEndian) swap(Buffer.from(own.buffer, own.byteOffset, own.byteLength), type);
  const length = own.byteLength / widths[type];
  switch (type) {
    case 'float32':
      return new Float32Array(own.buffer, own.byteOffset, length);
    case 'float64':
      return Float32Array.from(new Float64Array(own.buffer, own.byteOffset, length));
    case 'float16':
      return widen(new Uint16Array(own.buffer, own.byteOffset, length));
    case 'bfloat16': {
      const bits = Uint32Array.from(new Uint16Array(own.buffer, own.byteOffset, length), (half) => half << 16);
      return new Float32Array(bits.buffer);
    }
  }
}

function swap(bytes: Buffer, type: FloatType): void {
  if (type === 'float64') bytes.swap64();
  else if (type === 'float32') bytes.swap32();
  else bytes.swap16();
}

/** All 65,536 float16 values, made at the first use. */
let halves: Float32Array | null = null;

function widen(bits: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, half) => float16(half));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]!]!;
  return values;
}

/** IEEE 754 binary16: 1 sign bit, 5 of the exponent (bias 15), 10 of the fraction. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
