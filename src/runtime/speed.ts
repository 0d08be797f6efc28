/** How fast this machine multiplies float32 matrices in onnxruntime: what a forward pass is held against. */
import { productGraph } from '../models/index.js';
import type { ModelProcess } from './process.js';

/** Floating-point operations a second. */
export interface Speed {
  /** Of the fastest run. */
  readonly best: number;
  /** Of all runs together, the first left out. */
  readonly sustained: number;
}

/** The speed of a (rows, 1024) · (1024, 4096) product, from `repeats` runs of it. */
export async function measureSpeed(child: ModelProcess, threads: number, rows = 1024, repeats = 6): Promise<Speed> {
  const graph = productGraph();
  await child.load('head', graph, threads);
  const [, ...runs] = await child.time(rows, graph.width, repeats + 1);
  await child.release();
  const flops = graph.flopsPerRow * rows * 1000;
  return { best: flops / Math.min(...runs), sustained: (flops * runs.length) / runs.reduce((sum, ms) => sum + ms, 0) };
}
