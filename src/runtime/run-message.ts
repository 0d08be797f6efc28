/** A graph run on named tensors, as the parent and the child speak of it. */
import type { Slot } from './protocol.js';

export interface TensorData {
  readonly type: 'float32' | 'float64' | 'int32' | 'int64';
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array;
  readonly dims: readonly number[];
}

export interface RunMessage {
  readonly op: 'run';
  readonly slot: Slot;
  readonly feeds: Readonly<Record<string, TensorData>>;
}
