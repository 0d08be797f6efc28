/** What the measurement of a checkpoint needs memory for. */
import type { MemoryNeed } from './memory.js';
import type { TraceRequest } from './request.js';
import type { OpenedSubject } from './subject.js';

export function needOf({ model, layers, sequences }: OpenedSubject, request: TraceRequest): MemoryNeed {
  const { position, nll, threads, errors, memory, precision = 'float32' } = request;
  const all = position === 'all';
  return {
    ...{ model, layers, position, nll, threads, memory, precision },
    lengths: sequences.ids.map((ids) => ids.length),
    rows: all ? 0 : layers.length * sequences.found,
    spectrum: { n: all ? sequences.tokens : sequences.found, errors },
  };
}
