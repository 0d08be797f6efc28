/** Work in the child that a signal ends: onnxruntime can't be stopped inside a run, so the child is killed. */
import { EigentraceError } from '../errors.js';
import type { ModelProcess } from './process.js';

export async function interruptible<T>(
  child: ModelProcess,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const stop = (): void => child.kill(new EigentraceError('interrupted', 'interrupted'));
  if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
