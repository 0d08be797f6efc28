/** A call of the library with progress on stderr and Ctrl-C under control. */
import type { Context } from './context.js';
import { interruptible } from './interrupt.js';
import type { TraceEvent, TraceHooks, Visited, VisitHooks } from './library.js';
import { alertLine, Progress } from './progress.js';
import { Screen } from './screen.js';
import { styleOf } from './style.js';

/** Runs `work` with hooks that show its events (none when `quiet`) and stop it on Ctrl-C. */
export async function watched<T>(
  context: Context,
  quiet: boolean,
  work: (hooks: TraceHooks) => Promise<T>,
): Promise<T> {
  const screen = new Screen(context.stderr, context.env);
  return await interruptible(context, screen, async (signal) => {
    const style = styleOf(context.stderr, context.env);
    if (quiet) {
      // Who asked for an alert wants to hear it.
      const onEvent = (event: TraceEvent) => event.type === 'alert' && screen.line(alertLine(event.alert, style));
      return await work({ signal, onEvent });
    }
    const progress = new Progress(screen, style, context.clock);
    try {
      return await work({ signal, onEvent: (event) => progress.event(event) });
    } finally {
      progress.close();
    }
  });
}

/** The same for a job that visits a series: `textOf` says in a few words what was found at a checkpoint. */
export async function watchedVisit<T>(
  context: Context,
  quiet: boolean,
  textOf: (result: Visited) => string,
  work: (hooks: VisitHooks) => Promise<T>,
): Promise<T> {
  const screen = new Screen(context.stderr, context.env);
  return await interruptible(context, screen, async (signal) => {
    if (quiet) return await work({ signal });
    const progress = new Progress(screen, styleOf(context.stderr, context.env), context.clock);
    try {
      return await work({
        signal,
        onEvent: (event) => {
          if (event.type === 'done') progress.visited(event.result, textOf(event.result));
          else progress.event(event);
        },
      });
    } finally {
      progress.close();
    }
  });
}

/** JSON for stdout. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
