/**
 * What a checkpoint will cost: floating-point operations from the graph itself, memory from what was measured
 * (docs/log.md), time from this machine's speed on a product of the usual size.
 */
import type { Layer, Model } from '../models/index.js';
import { ModelProcess, measureSpeed, memoryBound, tokenBudget } from '../runtime/index.js';
import { lentOrder, spectrumFlops, spectrumMemory } from '../spectrum/index.js';
import { EigentraceError } from '../errors.js';
import type { TracePlan, TraceRequest } from './request.js';

/** Part of the product's speed that a whole forward pass reaches. */
const forwardEfficiency = 0.9;
/**
 * The same for the eigensolver in float64: 10,000 × 2048 came to 0.13 with errors, the default, where reductions weigh most,
 * and to 0.21 without (docs/log.md, on an idle machine).
 */
const spectrumEfficiency = 0.14;
/** Both processes before any model is loaded, in bytes. */
const processes = 240e6;
/** What the eigensolver's threads take besides where they are lent a product: its library, and their copies of the rows. */
const lentMemory = (n: number, d: number): number => (n >= d && d >= lentOrder ? 80e6 + 40e3 * Math.min(d, 2048) : 0);

export interface Estimate {
  readonly forward: number;
  readonly spectrum: number;
  readonly peakMemory: number;
}

export function estimate(
  model: Model,
  layers: readonly Layer[],
  lengths: readonly number[],
  request: TraceRequest,
): Estimate {
  const maxTokens = lengths.reduce((most, length) => Math.max(most, length), 1);
  const { cost } = model.stateGraph({ layers, position: request.position, everyToken: request.nll, maxTokens });
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const pairs = lengths.reduce((sum, length) => sum + length ** 2, 0);
  const head = request.nll ? model.headGraph('logprobs').cost.perToken * tokens : 0;
  const n = request.position === 'all' ? tokens : lengths.length;
  const d = model.width;
  const options = { errors: request.errors, streamed: request.position === 'all' };
  const rows = request.position === 'all' ? 0 : Math.min(layers.length * n * d * 4, memoryBound);
  // As stored (mapped), and as float32 laid out for products; embeddings are only mapped.
  const weights = model.bytes + 4 * model.parameters.nonEmbedding + (request.nll ? 2 * model.embeddingBytes : 0);
  const activations = tokenBudget * Math.max(12 * d, request.nll ? model.vocabulary / 4 : 0) * 4;
  const spectrum = spectrumMemory(n, d, options) * (request.position === 'all' ? layers.length : 1);
  return {
    forward: cost.perToken * tokens + cost.perSequence * lengths.length + cost.perTokenPair * pairs + head,
    spectrum: spectrumFlops(n, d, options) * layers.length,
    // Sessions are released before the decompositions start.
    peakMemory: processes + rows + Math.max(weights + activations, spectrum + lentMemory(n, d)),
  };
}

/** The same where rows are read from files: the decompositions alone. */
export function estimateRows(n: number, d: number, layers: number, request: TraceRequest): Estimate {
  const options = { errors: request.errors };
  return {
    forward: 0,
    spectrum: spectrumFlops(n, d, options) * layers,
    peakMemory: processes / 2 + spectrumMemory(n, d, options) + lentMemory(n, d),
  };
}

/** Seconds for so many operations on this machine, from a product measured now (about a second). */
export async function estimateSeconds(flops: TracePlan['flops'], threads: number): Promise<number> {
  const child = ModelProcess.start();
  try {
    const { sustained: speed } = await measureSpeed(child, threads);
    return flops.forward / (speed * forwardEfficiency) + flops.spectrum / (speed * spectrumEfficiency);
  } finally {
    child.kill(new EigentraceError('interrupted', 'interrupted'));
  }
}
