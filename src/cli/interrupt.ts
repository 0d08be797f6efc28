/**
 * Ctrl-C and SIGTERM: the first asks the work to stop, which finishes or drops the checkpoint under way and keeps what
 * is done; the second ends the process at once with status 130.
 */
import { EigentraceError } from '../errors.js';
import { exitStatus, type Context } from './context.js';
import type { Screen } from './screen.js';

/** Runs `work` with a signal that the user's first Ctrl-C aborts. */
export async function interruptible<T>(
  context: Context,
  screen: Screen,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) {
      screen.close();
      context.exit(exitStatus.interrupted);
      return;
    }
    screen.line(
      'stopping: the checkpoint under way is finished or dropped, finished ones are kept; press again to stop at once',
    );
    controller.abort(new EigentraceError('interrupted', 'interrupted'));
  };
  context.signals.on('SIGINT', listener);
  context.signals.on('SIGTERM', listener);
  try {
    return await work(controller.signal);
  } finally {
    context.signals.off('SIGINT', listener);
    context.signals.off('SIGTERM', listener);
    screen.close();
  }
}
