/**
 * What each unit of a model takes in memory: embeddings, every block, the head. A unit's weights are mapped as they are
 * stored, then held as float32 laid out for products; while one is laid out it is there twice.
 */
import type { Decoder } from './architecture.js';
import { Graph } from './graph.js';
import { Blocks, type BatchInputs } from './blocks.js';
import { buildStates, type Part, type StateRequest } from './state-graph.js';
import { hasRows, type TensorRange, type Weights } from './weights.js';
import type { Value } from './graph.js';

export interface UnitSize {
  /** Bytes as stored. */
  readonly stored: number;
  /** Bytes as float32. */
  readonly float32: number;
  /** Bytes that its largest weight takes besides while it is laid out: as stored, and as float32 once more. */
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
}

/** `fresh` gives a new record of the weights that are asked for. */
export function modelSizes(decoder: Decoder, fresh: () => Weights): ModelSizes {
  const usedBy = (part: Part, request: Partial<StateRequest> = {}): TensorRange[] => {
    const weights = fresh();
    const all = { layers: [0], position: 'all', everyToken: false, maxTokens: 1, part, ...request } as const;
    buildStates(new Graph(() => ''), weights, decoder, all);
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
    embedding: { ...sizeOf(embeddings), whole },
    blocks: blocks.map(sizeOf),
    head: head && { ...sizeOf(head), divisible: head.every(hasRows) },
    widest: blocks.flat().reduce((most, { shape }) => (shape.length > 1 ? Math.max(most, ...shape) : most), 0),
  };
}

const elements = ({ shape }: TensorRange): number => shape.reduce((product, size) => product * size, 1);

function sizeOf(tensors: readonly TensorRange[]): UnitSize {
  const updates = tensors.flatMap(({ update }) => (update ? [update.up, update.down] : []));
  const sum = (of: readonly TensorRange[], size: (t: TensorRange) => number): number =>
    of.reduce((total, tensor) => total + size(tensor), 0);
  return {
    stored: sum([...tensors, ...updates], ({ byteLength }) => byteLength),
    float32: sum(tensors, (tensor) => 4 * elements(tensor)),
    // The sum of a weight and its update stands beside both.
    passing: tensors.reduce(
      (most, tensor) => Math.max(most, tensor.byteLength + 4 * elements(tensor) * (tensor.update ? 2 : 1)),
      0,
    ),
  };
}
