/**
 * What a checkpoint will cost: floating-point operations from the graph itself, memory from what was measured
 * (docs/log.md), time from this machine's speed on a product of the usual size.
 */
import type { Layer, Model } from '../models/index.js';
import { ModelProcess, measureSpeed, processesMemory } from '../runtime/index.js';
import { spectrumFlops, spectrumMemory } from '../spectrum/index.js';
import { EigentraceError } from '../errors.js';
import { lentMemory } from './memory.js';
import { planMeasurement } from './memory-need.js';
import type { TracePlan, TraceRequest } from './request.js';

/** Part of the product's speed that a whole forward pass reaches. */
const forwardEfficiency = 0.9;
/**
 * The same for the eigensolver in float64: 10,000 × 2048 came to 0.13 with errors, the default, where reductions weigh most,
 * and to 0.21 without (docs/log.md, on an idle machine).
 */
const spectrumEfficiency = 0.14;

export interface Estimate {
  readonly forward: number;
  readonly spectrum: number;
  readonly peakMemory: number;
  /** Sessions one after another; 1: the whole model at once, 0: no model. */
  readonly stages: number;
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
  const { peak, parts, headPieces } = planMeasurement({ model, layers, lengths }, request);
  return {
    forward: cost.perToken * tokens + cost.perSequence * lengths.length + cost.perTokenPair * pairs + head,
    spectrum: spectrumFlops(n, d, options) * layers.length,
    peakMemory: peak,
    stages: parts.length + headPieces,
  };
}

/** The same where rows are read from files: the decompositions alone. */
export function estimateRows(n: number, d: number, layers: number, request: TraceRequest): Estimate {
  const options = { errors: request.errors };
  return {
    forward: 0,
    spectrum: spectrumFlops(n, d, options) * layers,
    stages: 0,
    peakMemory: processesMemory / 2 + spectrumMemory(n, d, options) + lentMemory(n, d),
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
