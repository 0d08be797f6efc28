/** What the measurement of a checkpoint needs memory for. */
import type { Layer, Model } from '../models/index.js';
import { planMemory, type MemoryChoice, type MemoryNeed } from './memory.js';
import { sampleNeed } from './reduced.js';
import type { TraceRequest } from './request.js';

/** What is measured: a model's layers on sequences of these lengths. */
export interface Measurable {
  readonly model: Model;
  readonly layers: readonly Layer[];
  readonly lengths: readonly number[];
}

export function needOf({ model, layers, lengths }: Measurable, request: TraceRequest): MemoryNeed {
  const { position, nll, threads, errors, memory, precision = 'float32' } = request;
  const all = position === 'all';
  return {
    ...{ model, layers, lengths, position, nll, threads, memory, precision },
    rows: all ? 0 : layers.length * lengths.length,
    spectrum: { n: all ? lengths.reduce((sum, length) => sum + length, 0) : lengths.length, errors },
  };
}

/** The plan of a measurement, its peak that of all it runs; a budget that is too small for any of it is an error. */
export function planMeasurement(measured: Measurable, request: TraceRequest): MemoryChoice {
  const plan = planMemory(needOf(measured, request));
  if ((request.precision ?? 'float32') === 'float32') return plan;
  const { model, layers, lengths } = measured;
  const { position, nll: logprobs, threads, memory } = request;
  // Some sequences are run in float32 too.
  const sample = planMemory(sampleNeed(model, lengths, { layers, position, logprobs, threads, memory }));
  return { ...plan, peak: Math.max(plan.peak, sample.peak) };
}
