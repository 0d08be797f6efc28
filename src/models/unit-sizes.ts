/**
 * What each unit of a model takes in memory: embeddings, every block, the head. A unit's weights are mapped as they are
 * stored, then held as float32 (or bytes, for products in whole numbers) laid out for products; while one is laid out it is
 * there twice.
 */
import type { Decoder } from './architecture.js';
import { Graph } from './graph.js';
import { Blocks, type BatchInputs } from './blocks.js';
import { buildStates, type Part, type StateRequest } from './state-graph.js';
import type { Precision } from './integer-product.js';
import { hasIntegers, hasRows, type TensorRange, type Weights } from './weights.js';
import type { Value } from './graph.js';

export interface UnitSize {
  /** Bytes as stored. */
  readonly stored: number;
  /** Bytes laid out for products. */
  readonly laidOut: number;
  /** Bytes that its largest weight takes besides while it is laid out: as stored, and laid out once more. */
  readonly passing: number;
}

export interface ModelSizes {
  readonly width: number;
  readonly vocabulary: number;
  /** Only the rows of tokens are read, unless an adapter changes them. */
  readonly embedding: UnitSize & { readonly whole: boolean };
  /** Blocks 1..L. */
  readonly blocks: readonly UnitSize[];
  /** Null where the checkpoint has none. */
  readonly head: (UnitSize & { readonly divisible: boolean }) | null;
  /** Columns of the widest product inside a block. */
  readonly widest: number;
  /** Bytes of the largest matrix in whole numbers, which is there as a whole while it is rounded; 0 where none is. */
  readonly rounding: number;
}

/** `fresh` gives a new record of the weights that are asked for. */
export function modelSizes(decoder: Decoder, fresh: () => Weights, precision: Precision): ModelSizes {
  const rounded = new Set<string>();
  const usedBy = (part: Part, request: Partial<StateRequest> = {}): TensorRange[] => {
    const weights = fresh();
    const all = { layers: [0], position: 'all', everyToken: false, maxTokens: 1, part, ...request } as const;
    buildStates(new Graph(() => ''), weights, decoder, all);
    for (const { tensor } of precision === 'int8' ? weights.products : []) {
      if (hasIntegers(tensor)) rounded.add(tensor.name);
    }
    return weights.used;
  };
  const embeddings = usedBy({ from: null, to: 0 });
  const blocks = Array.from({ length: decoder.layers }, (_, l) => usedBy({ from: l, to: l + 1 }));
  const weights = fresh();
  let head: TensorRange[] | null = null;
  if (weights.has(decoder.head)) {
    const unused = '' as Value;
    const absent: BatchInputs = { ids: unused, last: unused, lengths: () => unused, total: () => unused };
    const graph = new Graph(() => '');
    decoder.unembed(new Blocks(graph, weights, absent, 1), graph.input('states', 'float32', ['R', decoder.width]));
    head = weights.used;
  }
  const whole = embeddings.some((tensor) => tensor.update !== undefined);
  return {
    width: decoder.width,
    vocabulary: decoder.vocabulary,
    embedding: { ...sizeOf(embeddings, rounded), whole },
    blocks: blocks.map((tensors) => sizeOf(tensors, rounded)),
    head: head && { ...sizeOf(head, new Set()), divisible: head.every(hasRows) },
    widest: blocks.flat().reduce((most, { shape }) => (shape.length > 1 ? Math.max(most, ...shape) : most), 0),
    rounding: blocks.flat().reduce((most, t) => (rounded.has(t.name) ? Math.max(most, elements(t)) : most), 0),
  };
}

const elements = ({ shape }: TensorRange): number => shape.reduce((product, size) => product * size, 1);

function storedBytes(tensor: TensorRange, rounded: ReadonlySet<string>): number {
  return rounded.has(tensor.name) ? elements(tensor) : tensor.byteLength;
}

/** A scale a column is nothing beside the matrix. */
function sizeOf(tensors: readonly TensorRange[], rounded: ReadonlySet<string>): UnitSize {
  const laidOut = (tensor: TensorRange): number => (rounded.has(tensor.name) ? 1 : 4) * elements(tensor);
  const updates = tensors.flatMap(({ update }) => (update ? [update.up, update.down] : []));
  const sum = (of: readonly TensorRange[], size: (t: TensorRange) => number): number =>
    of.reduce((total, tensor) => total + size(tensor), 0);
  return {
    stored: sum([...tensors, ...updates], ({ byteLength }) => byteLength),
    laidOut: sum(tensors, laidOut),
    // The sum of a weight and its update stands beside both.
    passing: tensors.reduce(
      (most, tensor) => Math.max(most, storedBytes(tensor, rounded) + laidOut(tensor) * (tensor.update ? 2 : 1)),
      0,
    ),
  };
}
