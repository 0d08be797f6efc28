/** How fast this machine multiplies float32 matrices in onnxruntime: the peak that a forward pass is held against. */
import { productGraph } from '../models/index.js';
import type { ModelProcess } from './process.js';

/** Floating-point operations a second of a (rows, 1024) · (1024, 4096) product, the best of a few runs. */
export async function measureSpeed(child: ModelProcess, threads: number, rows = 1024, repeats = 4): Promise<number> {
  const graph = productGraph();
  await child.load('head', graph, threads);
  const milliseconds = await child.time(rows, graph.width, repeats);
  await child.release();
  return (graph.flopsPerRow * rows) / (milliseconds / 1000);
}
