/**
 * Everything of the outside world that a command touches: streams, environment, signals, clock and the library.
 * `main.ts` fills it from the process, tests from fakes, so that no command reads `process` itself.
 */
import type { Library } from './library.js';

/** The part of a writable stream that is used. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
}

/** Characters that a text on `output` may be wide: the terminal's, 40 to 100; a terminal of unknown width counts as 80. */
export function widthOf(output: Output): number {
  if (output.isTTY !== true) return 100;
  return Math.max(40, Math.min(100, output.columns || 80));
}

export interface Signals {
  on(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

export interface Clock {
  /** Milliseconds since any fixed moment. */
  now(): number;
  /** Calls `tick` every `ms` milliseconds until the returned function is called; never keeps the process alive. */
  every(ms: number, tick: () => void): () => void;
}

export interface Context {
  /** What is piped in, for commands that read queries; absent: nothing is. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder in which `eigentrace.config.json` is looked for. */
  readonly cwd: string;
  readonly signals: Signals;
  readonly clock: Clock;
  /** Ends the process at once. */
  exit(status: number): void;
  /** Loads the library. */
  library(): Promise<Library>;
}

/** Exit statuses (interface.md). */
export const exitStatus = { done: 0, failed: 1, usage: 2, partly: 3, integrity: 4, interrupted: 130 } as const;
