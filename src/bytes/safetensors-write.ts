/**
 * Writing safetensors: what `safetensors.ts` reads, and byte for byte what the reference library writes for the same
 * tensors in the same order (compact JSON, padded with spaces so that the data start at a multiple of 8).
 * Tensors are laid out in the order given; give the widest dtypes first and every tensor is aligned to its element.
 */
import { EigentraceError } from '../errors.js';
import { bitsOfDtype, headerLimit } from './safetensors.js';

/** What a tensor of each dtype is made of. */
interface Arrays {
  F64: Float64Array;
  F32: Float32Array;
  I32: Int32Array;
  I64: BigInt64Array;
  U8: Uint8Array;
}
export type WritableDtype = keyof Arrays;

/** A tensor to be written, row-major. */
export type WritableTensor = {
  [D in WritableDtype]: {
    readonly name: string;
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: Arrays[D];
  };
}[WritableDtype];

/** A tensor whose bytes the caller streams himself. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: WritableDtype;
  readonly shape: readonly number[];
}

export interface SafetensorsLayout {
  /** The first bytes of the file: length and JSON. The tensors' bytes follow in the order of the entries. */
  readonly header: Uint8Array;
  /** By name: absolute byte offsets in the file. */
  readonly ranges: Map<string, { start: number; end: number }>;
  /** Bytes of the whole file. */
  readonly byteLength: number;
}

/** The header of a file, for a caller that streams large tensors after it (in the order of the entries, without gaps). */
export function safetensorsHeader(
  entries: Iterable<SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsLayout {
  const fields: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  const ranges = new Map<string, { start: number; end: number }>();
  let at = 0;
  for (const { name, dtype, shape } of entries) {
    if (ranges.has(name) || name === '__metadata__') {
      throw new EigentraceError('internal', `internal: safetensors name ${name} is taken (expected each name once)`);
    }
    const end = at + (countOf(name, shape) * bitsOfDtype(dtype)!) / 8;
    fields.push([name, { dtype, shape, data_offsets: [at, end] }]);
    ranges.set(name, { start: at, end });
    at = end;
  }
  const json = new TextEncoder().encode(
    `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  if (header.length - 8 > headerLimit) {
    const message = `internal: safetensors header has ${header.length - 8} bytes (expected at most ${headerLimit})`;
    throw new EigentraceError('internal', message);
  }
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  for (const range of ranges.values()) {
    range.start += header.length;
    range.end += header.length;
  }
  return { header, ranges, byteLength: header.length + at };
}

/**
 * A whole file as chunks (header, then one a tensor, views of the data given): hand them to `writeAtomic`.
 * `metadata` is left out when empty.
 */
export function encodeSafetensors(
  tensors: Iterable<WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const list = [...tensors];
  for (const { name, shape, data } of list) {
    if (countOf(name, shape) !== data.length) {
      const message = `internal: tensor ${name} of shape [${shape.join(', ')}] got ${data.length} elements`;
      throw new EigentraceError('internal', message);
    }
  }
  const { header } = safetensorsHeader(list, metadata);
  return [header, ...list.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

function countOf(name: string, shape: readonly number[]): number {
  const count = shape.reduce((product, n) => product * n, 1);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0) || !Number.isSafeInteger(count * 8)) {
    const message = `internal: tensor ${name} has shape [${shape.join(', ')}] (expected whole numbers from 0)`;
    throw new EigentraceError('internal', message);
  }
  return count;
}
