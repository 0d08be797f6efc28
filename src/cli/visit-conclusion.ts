/** The end of a command that visits checkpoints: what came of them on stderr, and the exit status. */
import { exitStatus, type Context } from './context.js';
import { count, duration } from './format.js';
import { printable } from './style.js';
import type { Visited } from './library.js';

interface Ended {
  readonly run: string | null;
  readonly results: readonly Pick<Visited, 'state'>[];
  readonly interrupted: boolean;
}

/** `noun`: what one result is, `done`: what was done to it; `start`: on the context's clock. */
export function concludeVisit(
  { run, results, interrupted }: Ended,
  { noun, done = 'measured', start, quiet }: { noun: string; done?: string; start: number; quiet: boolean },
  context: Context,
): number {
  const number = (state: string): number => results.filter((r) => r.state === state).length;
  const failed = number('failed');
  if (!quiet) {
    const seconds = (context.clock.now() - start) / 1000;
    const where = run === null ? '; nothing was kept, --out RUN keeps it' : `; in ${printable(run)}`;
    context.stderr.write(
      `${count(results.length, noun)}: ${number('measured')} ${done}, ${number('reused')} reused, ${failed} failed; ` +
        `${duration(seconds)}${where}\n`,
    );
    if (interrupted) context.stderr.write('interrupted: the same command goes on from here\n');
    else if (failed > 0) context.stderr.write('the same command tries the failed ones again\n');
  }
  if (interrupted) return exitStatus.interrupted;
  if (failed === 0) return exitStatus.done;
  return failed === results.length ? exitStatus.failed : exitStatus.partly;
}
