/** The bundled sample series as a request: what `eigentrace demo` traces. */
import { availableParallelism } from 'node:os';
import { traceDefaults, type TraceRequest } from './request.js';

/**
 * The sample's 20 checkpoints on the first 1,500 bundled passages, cut at 128 tokens: the setting of the sample's
 * own reference figures. Offline; `out` is the RUN folder.
 */
export function demoRequest(out: string): TraceRequest {
  return {
    ...traceDefaults,
    series: 'sample:',
    corpus: 'sample:',
    out,
    sequences: 1500,
    minTokens: 0,
    maxTokens: 128,
    threads: availableParallelism(),
  };
}
