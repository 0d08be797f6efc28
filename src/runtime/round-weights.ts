/**
 * The matrices of a model's products as whole numbers of eight bits, each with a scale a column of the product, in a scratch
 * file that the forward pass maps: v[o] = max |W[o]| / 127, w[i][o] = W[o][i] / v[o], rounded, (in, out). One matrix is in
 * memory at a time, a byte an element.
 */
import { setImmediate } from 'node:timers/promises';
import { FileSource, scratchPath, sweepScratch, toFloat32, writeScratchFile, type FloatType } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { hasIntegers, type IntegerMatrix, type Model, type ProductWeight, type TensorRange } from '../models/index.js';

export interface RoundedModel {
  readonly model: Model;
  /** Removes the scratch file. */
  readonly release: () => Promise<void>;
}

export interface RoundingOptions {
  readonly signal?: AbortSignal | undefined;
  /** The matrices that are wanted; default all. */
  readonly only?: ReadonlySet<string>;
}

/** The model with its products in whole numbers; its weights must be there (`Checkpoint.prepare`). `folder`: for the file. */
export async function roundWeights(model: Model, folder: string, options: RoundingOptions = {}): Promise<RoundedModel> {
  const { signal, only } = options;
  await sweepScratch(folder);
  const file = await scratchPath(folder);
  const matrices = model.products.filter(({ tensor }) => hasIntegers(tensor) && (only?.has(tensor.name) ?? true));
  if (matrices.length === 0) {
    throw new EigentraceError(
      'usage',
      `checkpoint ${model.name}: --precision int8: an adapter changes every product (expected a merged model, or float32)`,
    );
  }
  const integers = new Map<string, IntegerMatrix>();
  let offset = 0;
  for (const { tensor, inOut } of matrices) {
    const { rows, columns } = sidesOf(tensor);
    const [from, to] = inOut ? [rows, columns] : [columns, rows];
    const range = (suffix: string, dtype: string, shape: number[], byteLength: number): TensorRange => {
      const made = { name: `${tensor.name} ${suffix}`, file, dtype, shape, offset, byteLength };
      offset = aligned(offset + byteLength);
      return made;
    };
    const values = range('as int8', 'I8', [from, to], from * to);
    integers.set(tensor.name, { values, scales: range('scales', 'F32', [to], 4 * to) });
  }
  const release = await writeScratchFile(file, contents(matrices, signal));
  return { model: model.withIntegers(integers), release };
}

const alignment = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

function sidesOf({ shape }: TensorRange): { rows: number; columns: number } {
  return { rows: shape[0]!, columns: shape[1]! };
}

async function* contents(
  matrices: readonly ProductWeight[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const sources = new Map<string, FileSource>();
  try {
    for (const { tensor, inOut } of matrices) {
      const known = sources.get(tensor.file);
      const source = known ?? (await FileSource.open(tensor.file));
      sources.set(tensor.file, source);
      const { values, scales } = await (inOut ? roundColumns : roundRows)(source, tensor, signal);
      for (const part of [values, scales]) {
        yield new Uint8Array(part.buffer);
        yield new Uint8Array(aligned(part.byteLength) - part.byteLength);
      }
    }
  } finally {
    for (const source of sources.values()) await source.close();
  }
}

interface Rounded {
  /** (in, out). */
  readonly values: Int8Array<ArrayBuffer>;
  /** (out). */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** Stored (out, in): a row has a scale, and becomes a column. */
async function roundRows(source: FileSource, tensor: TensorRange, signal: AbortSignal | undefined): Promise<Rounded> {
  const { rows, columns } = sidesOf(tensor);
  const values = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  for await (const { first, count, numbers } of chunksOf(source, tensor, signal)) {
    for (let r = 0; r < count; r++) {
      const row = numbers.subarray(r * columns, (r + 1) * columns);
      let most = 0;
      for (let c = 0; c < columns; c++) {
        const size = Math.abs(row[c]!);
        // NaN stays: it makes its scale so, and all that comes of it.
        if (size > most || Number.isNaN(size)) most = size;
      }
      scales[first + r] = most / 127;
      const inverse = most > 0 && most < Infinity ? 127 / most : 0;
      for (let c = 0; c < columns; c++) row[c]! *= inverse;
    }
    // Columns of a chunk together, so that writes are neighbours.
    for (let c = 0; c < columns; c++) {
      const to = c * rows + first;
      for (let r = 0; r < count; r++) values[to + r] = ((numbers[r * columns + c]! + 128.5) | 0) - 128;
    }
  }
  return { values, scales };
}

/** Stored (in, out): a column has a scale; it takes two readings. */
async function roundColumns(
  source: FileSource,
  tensor: TensorRange,
  signal: AbortSignal | undefined,
): Promise<Rounded> {
  const { rows, columns } = sidesOf(tensor);
  const values = new Int8Array(rows * columns);
  const most = new Float32Array(columns);
  for await (const { count, numbers } of chunksOf(source, tensor, signal)) {
    for (let at = 0; at < count * columns; at++) {
      const size = Math.abs(numbers[at]!);
      if (size > most[at % columns]! || Number.isNaN(size)) most[at % columns] = size;
    }
  }
  const inverses = most.map((size) => (size > 0 && size < Infinity ? 127 / size : 0));
  for await (const { first, count, numbers } of chunksOf(source, tensor, signal)) {
    const to = first * columns;
    for (let at = 0; at < count * columns; at++) {
      values[to + at] = ((numbers[at]! * inverses[at % columns]! + 128.5) | 0) - 128;
    }
  }
  return { values, scales: most.map((size) => size / 127) };
}

const floatTypes: Readonly<Record<string, FloatType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};
/** Rows of a chunk: enough for writes that are neighbours, few enough for a cache. */
const chunkRows = 64;

async function* chunksOf(source: FileSource, tensor: TensorRange, signal: AbortSignal | undefined) {
  const { rows, columns } = sidesOf(tensor);
  const rowBytes = tensor.byteLength / rows;
  for (let first = 0; first < rows; first += chunkRows) {
    // Timers and Ctrl-C come in between.
    await setImmediate();
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const count = Math.min(chunkRows, rows - first);
    const from = tensor.offset + first * rowBytes;
    const bytes = await source.read(from, from + count * rowBytes);
    const numbers = toFloat32(bytes, { type: floatTypes[tensor.dtype]!, bigEndian: false });
    yield { first, count, numbers, columns };
  }
}
