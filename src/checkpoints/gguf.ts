/**
 * A GGUF file as a checkpoint's weights and config. Tensors of F32, F16 and BF16 stay where they are; quantised ones are
 * dequantised to float32, and those whose rows were moved are put in order, into a scratch file that `prepare` writes,
 * some megabytes at a time. Until then only the header was read. Disk: 4 bytes an element of those tensors.
 */
import { basename } from 'node:path';
import { FileSource, identify, scratchPath, sweepScratch, writeScratchFile, type ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { dequantise } from './gguf-blocks.js';
import { readGgufConfig } from './gguf-config.js';
import { readGgufHeader, type GgufTensor } from './gguf-header.js';
import { originalOf, type RowOrder } from './gguf-names.js';
import type { TensorRange, Weights } from './weights.js';

export interface GgufWeights extends Weights {
  readonly config: Record<string, unknown>;
  /** Writes the scratch file that tensors lie in, and gives what removes it; null when all lie in the file itself. */
  readonly prepare: Prepare | null;
}

export type Prepare = (signal?: AbortSignal) => Promise<() => Promise<void>>;

interface Rewritten {
  readonly tensor: GgufTensor;
  readonly order: RowOrder | null;
  /** Where it goes in the scratch file. */
  readonly offset: number;
}

const chunkBytes = 4 << 20;
const alignment = 64;

/** Reads the header of a GGUF file. `scratchFolder`: where `prepare` will write. */
export async function readGguf(path: string, scratchFolder: string): Promise<GgufWeights> {
  const identity = await identify(path);
  const source = await FileSource.open(identity.path);
  const named = { name: path, byteLength: source.byteLength, read: source.read.bind(source) };
  try {
    return await describe(named, identity, scratchFolder);
  } finally {
    await source.close();
  }
}

async function describe(
  source: ByteSource,
  identity: Awaited<ReturnType<typeof identify>>,
  scratchFolder: string,
): Promise<GgufWeights> {
  const header = await readGgufHeader(source);
  const read = readGgufConfig(source.name, header, await frequenciesOf(source, header.tensors));
  const notes = [...read.notes];
  const tensors = new Map<string, TensorRange>();
  const rewritten: Rewritten[] = [];
  const unknown: string[] = [];
  let scratch: string | null = null;
  let end = 0;
  for (const tensor of header.tensors) {
    const original = originalOf(tensor.name, read);
    if (!original) {
      if (tensor.name !== 'rope_freqs.weight') unknown.push(tensor.name);
      continue;
    }
    const { name, order } = original;
    const { type, shape, start, byteLength } = tensor;
    const stored = { dtype: type.name, file: identity.path, offset: start, byteLength };
    if (type.dtype !== null && order === null) {
      tensors.set(name, { name, ...stored, dtype: type.dtype, shape });
      continue;
    }
    checkOrder(source.name, tensor, order);
    scratch ??= await scratchPath(scratchFolder);
    const size = type.dtype === null ? 4 * shape.reduce((product, count) => product * count, 1) : byteLength;
    tensors.set(name, {
      ...{ name, file: scratch, dtype: type.dtype ?? 'F32', shape, offset: end, byteLength: size, stored },
    });
    rewritten.push({ tensor, order, offset: end });
    end = Math.ceil((end + size) / alignment) * alignment;
  }
  if (tensors.size === 0) throw new EigentraceError('input', `${source.name}: holds no tensor (expected weights)`);
  if (unknown.length > 0) {
    const names = unknown.slice(0, 3).join(', ');
    notes.push(`${unknown.length} tensors not used by the architecture: ${names}${unknown.length > 3 ? ', …' : ''}`);
  }
  const quantised = [...new Set(rewritten.filter((r) => r.tensor.type.expand).map((r) => r.tensor.type.name))];
  if (quantised.length > 0) notes.push(`weights dequantised from ${quantised.join(' and ')} to float32`);
  const at = scratch;
  return {
    ...{ tensors, metadata: {}, notes, config: read.config },
    files: [{ name: basename(source.name), ...identity }],
    prepare: at === null ? null : (signal) => prepare(identity.path, rewritten, scratchFolder, at, signal),
  };
}

/** Llama 3's divisors of the rotary frequencies: a few numbers, read with the header. */
async function frequenciesOf(source: ByteSource, tensors: readonly GgufTensor[]): Promise<Float32Array | null> {
  const found = tensors.find(({ name }) => name === 'rope_freqs.weight');
  if (!found) return null;
  if (found.type.dtype !== 'F32' || found.byteLength > 65_536) {
    const shape = found.shape.join(', ');
    throw new EigentraceError('input', `${source.name}: tensor rope_freqs.weight: got ${found.type.name} [${shape}]`);
  }
  const bytes = Uint8Array.from(await source.read(found.start, found.start + found.byteLength));
  return new Float32Array(bytes.buffer);
}

/** Rows of a tensor: of a vector, its elements. */
function rowsOf({ shape, byteLength }: GgufTensor): { rows: number; rowBytes: number } {
  const rows = shape.length === 1 ? shape[0]! : shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return { rows, rowBytes: byteLength / rows };
}

function checkOrder(subject: string, tensor: GgufTensor, order: RowOrder | null): void {
  if (order === null) return;
  const { rows, rowBytes } = rowsOf(tensor);
  const parts = (order.kind === 'pairs' ? 2 : 3) * order.heads;
  if (rows % parts === 0 && rowBytes % tensor.type.bytes === 0) return;
  const shape = `[${tensor.shape.join(', ')}]`;
  throw new EigentraceError(
    'input',
    `${subject}: tensor ${tensor.name}: got shape ${shape} (expected rows of ${order.heads} heads)`,
  );
}

async function prepare(
  path: string,
  rewritten: readonly Rewritten[],
  scratchFolder: string,
  scratch: string,
  signal?: AbortSignal,
): Promise<() => Promise<void>> {
  await sweepScratch(scratchFolder);
  const source = await FileSource.open(path);
  try {
    return await writeScratchFile(scratch, contents(source, rewritten, signal));
  } finally {
    await source.close();
  }
}

async function* contents(
  source: ByteSource,
  rewritten: readonly Rewritten[],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const { tensor, order, offset } of rewritten) {
    yield new Uint8Array(offset - position);
    position = offset;
    for await (const bytes of order ? inOrder(source, tensor, order) : asStored(source, tensor)) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      const values = tensor.type.expand ? new Uint8Array(dequantise(tensor.type, bytes).buffer) : bytes;
      yield values;
      position += values.length;
    }
  }
}

async function* asStored(source: ByteSource, { start, byteLength, type }: GgufTensor): AsyncGenerator<Uint8Array> {
  const step = Math.floor(chunkBytes / type.bytes) * type.bytes;
  for (let at = 0; at < byteLength; at += step) {
    yield await source.read(start + at, start + Math.min(byteLength, at + step));
  }
}

/** Rows as they were before the conversion, a head at a time. */
async function* inOrder(source: ByteSource, tensor: GgufTensor, order: RowOrder): AsyncGenerator<Uint8Array> {
  const { rows, rowBytes } = rowsOf(tensor);
  const read = (row: number, count: number): Promise<Uint8Array> =>
    source.read(tensor.start + row * rowBytes, tensor.start + (row + count) * rowBytes);
  const size = rows / order.heads;
  for (let head = 0; head < order.heads; head++) {
    if (order.kind === 'apart') {
      for (let part = 0; part < 3; part++) yield await read((part * order.heads + head) * (size / 3), size / 3);
      continue;
    }
    const moved = await read(head * size, size);
    const original = new Uint8Array(moved.length);
    for (let row = 0; row < size; row++) {
      const to = (row % 2) * (size / 2) + (row >> 1);
      original.set(moved.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes);
    }
    yield original;
  }
}
