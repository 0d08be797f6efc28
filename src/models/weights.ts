/**
 * The tensors of a checkpoint as an architecture asks for them: by name and shape. A tensor is a byte range of a
 * weight file; nothing is read here. What was asked for is remembered, so that surplus tensors can be noted
 * and weights that aren't used are never read.
 */
import { EigentraceError, nearest } from '../errors.js';
import type { IntegerMatrix } from './integer-product.js';

/** Where a tensor lies: `byteLength` bytes from `offset` of `file` (a real, absolute path). */
export interface TensorRange {
  readonly name: string;
  readonly file: string;
  /** safetensors' names: F64, F32, F16, BF16, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
  /** Added to the stored weight wherever it is used: the matrix of an adapter. */
  readonly update?: LowRank;
}

/** `scale · up · down`: up (rows, r), down (r, columns). */
export interface LowRank {
  readonly up: TensorRange;
  readonly down: TensorRange;
  readonly scale: number;
  /** Whether the product is transposed before it is added: weights that are stored (in, out), and embeddings. */
  readonly transposed: boolean;
}

/** Rows [from, to) of a matrix. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Whether rows of a matrix can be used without the others: not where its update is stored column by column. */
export function hasRows({ update }: TensorRange): boolean {
  return !update?.transposed;
}

/** Some rows of a matrix, as a tensor of their own. */
export function rowsOf(tensor: TensorRange, { from, to }: RowRange): TensorRange {
  const { name, shape, byteLength, offset, update, ...rest } = tensor;
  const row = byteLength / shape[0]!;
  return {
    ...rest,
    name: `${name}[${from}:${to}]`,
    shape: [to - from, ...shape.slice(1)],
    offset: offset + from * row,
    byteLength: (to - from) * row,
    ...(update ? { update: { ...update, up: rowsOf(update.up, { from, to }) } } : {}),
  };
}

/** ONNX element types of the dtypes that weights may have (TensorProto.DataType). */
const floatTypes: Readonly<Record<string, { onnx: number; bytes: number }>> = {
  F32: { onnx: 1, bytes: 4 },
  F16: { onnx: 10, bytes: 2 },
  F64: { onnx: 11, bytes: 8 },
  BF16: { onnx: 16, bytes: 2 },
};

/** The ONNX element type of a weight's dtype. */
export function onnxTypeOf(dtype: string): number | undefined {
  // Whole numbers are ours: no checkpoint's weight is one.
  return dtype === 'I8' ? 3 : floatTypes[dtype]?.onnx;
}

/** A matrix that the blocks multiply by; the unembedding is none of them. */
export interface ProductWeight {
  readonly tensor: TensorRange;
  /** Stored (in, out), not (out, in). */
  readonly inOut: boolean;
}

/** Whether it can be had in whole numbers: an adapter's sum is made by the graph, after that. */
export function hasIntegers({ update }: TensorRange): boolean {
  return update === undefined;
}

export class Weights {
  /** What errors call the checkpoint. */
  readonly checkpoint: string;
  readonly #tensors: ReadonlyMap<string, TensorRange>;
  readonly #used = new Map<string, TensorRange>();
  readonly #products = new Map<string, ProductWeight>();
  readonly #integers: ReadonlyMap<string, IntegerMatrix>;

  /** `integers`: by name, matrices that are multiplied in whole numbers. */
  constructor(
    checkpoint: string,
    tensors: ReadonlyMap<string, TensorRange>,
    integers: ReadonlyMap<string, IntegerMatrix> = new Map(),
  ) {
    this.checkpoint = checkpoint;
    this.#tensors = tensors;
    this.#integers = integers;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** The first of `names` that is there; the first name when none is, so that `get` names it in its error. */
  firstOf(...names: [string, ...string[]]): string {
    return names.find((name) => this.#tensors.has(name)) ?? names[0];
  }

  /** The tensor of that name; an error names it and both shapes when it is missing or misshapen. */
  get(name: string, shape: readonly number[]): TensorRange {
    const tensor = this.#tensors.get(name);
    const expected = `[${shape.join(', ')}]`;
    if (!tensor) {
      const alike = nearest(name, this.#tensors.keys());
      throw new EigentraceError(
        'input',
        `checkpoint ${this.checkpoint}: tensor ${name} is missing (expected shape ${expected}); ` +
          (alike.length ? `nearest names: ${alike.join(', ')}` : 'the checkpoint has no tensors'),
      );
    }
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
      throw new EigentraceError(
        'input',
        `checkpoint ${this.checkpoint}: tensor ${name} has shape [${tensor.shape.join(', ')}], expected ${expected}; ` +
          'config.json and the weights do not belong together',
      );
    }
    const type = floatTypes[tensor.dtype];
    if (!type) {
      throw new EigentraceError(
        'input',
        `checkpoint ${this.checkpoint}: tensor ${name} has dtype ${tensor.dtype} ` +
          `(expected ${Object.keys(floatTypes).join(', ')}); quantised weights are not supported`,
      );
    }
    const bytes = shape.reduce((product, size) => product * size, type.bytes);
    if (tensor.byteLength !== bytes) {
      throw new EigentraceError(
        'input',
        `checkpoint ${this.checkpoint}: tensor ${name} has ${tensor.byteLength} bytes, expected ${bytes} ` +
          `for ${tensor.dtype} ${expected}`,
      );
    }
    this.#used.set(name, tensor);
    return tensor;
  }

  /** As get, for a matrix of a block's product. */
  product(name: string, shape: readonly number[], inOut: boolean): TensorRange {
    const tensor = this.get(name, shape);
    this.#products.set(name, { tensor, inOut });
    return tensor;
  }

  /** The same matrix in whole numbers, where there is one. */
  integers(name: string): IntegerMatrix | undefined {
    return this.#integers.get(name);
  }

  /** Matrices of the blocks' products that were asked for so far. */
  get products(): ProductWeight[] {
    return [...this.#products.values()];
  }

  /** The tensors that were asked for so far. */
  get used(): TensorRange[] {
    return [...this.#used.values()];
  }

  /** Names nobody asked for, sorted. */
  get surplus(): string[] {
    return [...this.#tensors.keys()].filter((name) => !this.#used.has(name)).sort();
  }
}
