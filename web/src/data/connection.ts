/** What is known of the live server: whether it answers, and how a running trace goes. */
import { signal } from '@preact/signals';

export type Connection =
  | { readonly state: 'connecting' | 'live' }
  /** Lost: the next try comes at `retry` (milliseconds since 1970). */
  | { readonly state: 'lost'; readonly retry: number };

/** Null in a report, which needs no connection. */
export const connection = signal<Connection | null>(null);

/** Progress of a running trace, as RUN/.progress.json tells it. */
export interface Progress {
  readonly run: string;
  readonly revision: string | null;
  readonly phase: string;
  /** In phase `wait`: the last step measured. */
  readonly after?: number | null;
  /** Within the checkpoint under way. */
  readonly done: number;
  readonly of: number;
  /** Of the checkpoints. */
  readonly index: number;
  readonly total: number;
  readonly secondsLeft: number | null;
  readonly updated: string;
}

export const progress = signal<Progress | null>(null);

/** Milliseconds to wait before try number `attempt` (from 0): 1 s, 2 s, 4 s, … 30 s, up to a quarter more by chance. */
export function backoff(attempt: number, chance: number): number {
  return Math.min(30_000, 1000 * 2 ** attempt) * (1 + 0.25 * chance);
}
