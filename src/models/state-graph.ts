/**
 * The decoder as a graph, tokens → states, whole or in parts: a part takes the hidden states that the part before it gave,
 * so that a model larger than memory is run some blocks at a time.
 */
import type { Decoder } from './architecture.js';
import { Blocks, type BatchInputs } from './blocks.js';
import type { Graph, Value } from './graph.js';
import type { Weights } from './weights.js';

/** A state to measure: the output of a block (0 = embeddings), before the final norm, or the final one, after it. */
export type Layer = number | 'final';
export type Position = 'last' | 'mean' | 'all';

/**
 * Consecutive pieces of a model. States are numbered as layers are: 0 the embeddings', l that after block l. `from` is the
 * state that comes in, null where token ids do; `to` the one that goes on, null where all that is left is run.
 */
export interface Part {
  readonly from: number | null;
  readonly to: number | null;
}

/** The whole model at once. */
export const wholeModel: Part = { from: null, to: null };

export interface StateRequest {
  readonly layers: readonly Layer[];
  readonly position: Position;
  /** Also every token's final state, as output `tokens` (B, T, d), for the head. */
  readonly everyToken: boolean;
  /** The longest sequence in tokens; sizes the position tables. */
  readonly maxTokens: number;
  /** Default the whole model. */
  readonly part?: Part;
}

/** The last state that a request needs: blocks after it are left out. */
export function deepestState(layers: readonly Layer[], everyToken: boolean, blocks: number): number {
  return everyToken || layers.includes('final') ? blocks : Math.max(...layers.map(Number));
}

/** Builds the states of a request, or of a part of it; gives the names of the graph's inputs and outputs. */
export function buildStates(
  graph: Graph,
  weights: Weights,
  decoder: Decoder,
  request: StateRequest,
): { inputs: string[]; outputs: string[] } {
  const { layers, position, everyToken, maxTokens, part = wholeModel } = request;
  const deepest = deepestState(layers, everyToken, decoder.layers);
  const last = part.to === null;
  const end = part.to ?? deepest;
  const onlyLast = position === 'last' && !everyToken;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const declare = (name: string, type: 'int64' | 'int32' | 'float32', dims: (string | number)[]): Value => {
    if (!inputs.includes(name)) {
      inputs.push(name);
      graph.input(name, type, dims);
    }
    return name as Value;
  };
  const batch: BatchInputs = {
    get ids() {
      return declare('ids', 'int64', ['B', 'T']);
    },
    get last() {
      return declare('last', 'int64', ['B', 1]);
    },
    lengths: () => declare('lengths', 'int32', ['B']),
    total: () => declare('total', 'int32', []),
  };
  const b = new Blocks(graph, weights, batch, maxTokens);
  const d = decoder.width;
  const everyState = (name: string, x: Value): void => {
    outputs.push(name);
    graph.output(name, x, ['B', 'T', d]);
  };
  /** Brings a state to the asked position; `picked` ones are there already. */
  const emit = (name: string, x: Value, picked: boolean): void => {
    if (position === 'all') {
      everyState(name, x);
      return;
    }
    outputs.push(name);
    if (picked) graph.output(name, x, ['B', d]);
    else if (position === 'last') graph.output(name, b.lastOf(x), ['B', d]);
    else {
      // (B, 1, T) · (B, T, d): weights are 1/length on real tokens and 0 on padding.
      const mean = graph.node('MatMul', [declare('weights', 'float32', ['B', 1, 'T']), x]);
      graph.output(name, graph.node('Reshape', [mean, graph.int64([-1, d])]), ['B', d]);
    }
  };
  let x = part.from === null ? decoder.embed(b, batch.ids) : declare('arriving', 'float32', ['B', 'T', d]);
  let picked = false;
  if (part.from === null && layers.includes(0)) emit('layer0', x, false);
  for (let layer = part.from ?? 0; layer < end; layer++) {
    picked = last && onlyLast && layer === deepest - 1;
    x = decoder.block(b, layer, x, picked ? (y) => b.pickLast(y) : (y) => y);
    if (layers.includes(layer + 1)) emit(`layer${layer + 1}`, x, picked);
  }
  if (!last) everyState('hidden', x);
  else if (everyToken || layers.includes('final')) {
    // A part that holds nothing but the norm gets every token's state.
    const final = decoder.finalNorm(b, x);
    if (layers.includes('final')) emit('final', final, picked);
    if (everyToken) everyState('tokens', final);
  }
  return { inputs, outputs };
}
