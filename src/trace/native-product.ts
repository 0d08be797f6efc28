/**
 * The product that Node lends to the threads of the spectrum's kernel: onnxruntime's, on the thread that asks. Half the
 * time of a covariance of 2048 columns where vectors have 512 bits.
 *
 * A thread that ends inside native code takes the process with it (abort, status 134). So each call is fenced: a thread
 * says that it is inside, and whoever ends it tells it to enter no more and waits until it is out.
 */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { float64ProductGraph } from '../models/index.js';

/** What a thread is given to load the product; null where there is none. */
export interface NativeProduct {
  /** Path of onnxruntime-node. */
  library: string;
  /** An ONNX graph c = a bᵀ. */
  model: Uint8Array;
}

/** Found once. Elsewhere than on x64 native vectors are no wider than WebAssembly's. */
let found: NativeProduct | null | undefined;
export function nativeProduct(): NativeProduct | null {
  if (found === undefined) found = process.arch === 'x64' ? find() : null;
  return found;
}

function find(): NativeProduct | null {
  try {
    const library = createRequire(import.meta.url).resolve('onnxruntime-node');
    return { library, model: float64ProductGraph() };
  } catch {
    // Not installed: the kernel's own products do.
    return null;
  }
}

/** Runs in the thread, `(product, fence) => lend`, as `StartThread` describes `lend`. */
export const lendSource = `(product, fence) => {
  const inside = async (work) => {
    Atomics.store(fence, 1, 1);
    try {
      if (Atomics.load(fence, 0) === 0) return await work();
    } finally {
      Atomics.store(fence, 1, 0);
      Atomics.notify(fence, 1);
    }
    return new Promise(() => {});
  };
  return async () => {
    try {
      const { InferenceSession, Tensor } = await inside(() => require(product.library));
      const session = await inside(() => InferenceSession.create(product.model, { intraOpNumThreads: 1, interOpNumThreads: 1, enableCpuMemArena: false }));
      const tensor = (data, ...dims) => new Tensor('float64', data, dims);
      return (a, b, c, m, n, k) => inside(() => session.run({ a: tensor(a, m, k), b: tensor(b, n, k) }, { c: tensor(c, m, n) }));
    } catch { return null; }
  };
}`;

const fences = new Set<Fence>();

/** One thread's: [closed, inside]. */
export class Fence {
  readonly state = new Int32Array(new SharedArrayBuffer(8));

  constructor() {
    // An exit ends the threads too.
    if (fences.size === 0) process.on('exit', closeAll);
    fences.add(this);
  }

  /** Resolves when the thread is out of native code for good. */
  async close(): Promise<void> {
    Atomics.store(this.state, 0, 1);
    while (Atomics.load(this.state, 1) !== 0) await sleep(1);
  }

  /** The thread is gone, wherever it was. */
  remove(): void {
    Atomics.store(this.state, 1, 0);
    fences.delete(this);
    if (fences.size === 0) process.off('exit', closeAll);
  }
}

function closeAll(): void {
  for (const { state } of fences) Atomics.store(state, 0, 1);
  for (const { state } of fences) Atomics.wait(state, 1, 1, 2000);
}
