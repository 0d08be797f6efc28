/** What a command is: its words for the help, its settings, and what it does. One file in `commands/` each. */
import type { Context } from './context.js';
import type { Resolved } from './resolve.js';
import type { Settings } from './setting.js';

export interface Command<S extends Settings = Settings> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** A paragraph, for the command's own help. */
  readonly description: string;
  /** What follows `eigentrace NAME`. */
  readonly usage: string;
  /** What to type, each with what it does. They come first in the help. */
  readonly examples: readonly { does: string; type: string }[];
  readonly settings: S;
  /** Closing words of the help. */
  readonly notes: readonly string[];
  /** Does it; the result is the exit status. Rejects with an EigentraceError that the user reads. */
  readonly run: (resolved: Resolved<S>, context: Context) => Promise<number>;
}

/** Keeps the types of a command's settings together with its `run`. */
export function command<S extends Settings>(definition: Command<S>): Command {
  return definition as unknown as Command;
}
