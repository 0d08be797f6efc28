/**
 * The one error that a user is meant to read. The message is `subject: what is wrong, got VALUE (expected …)`,
 * in lower case, naming the checkpoint, tensor, file or option, then what to try next.
 * The command line maps codes to exit statuses; anything that is not an EigentraceError is a bug of ours.
 */
export type ErrorCode =
  /** Wrong options or arguments: exit 2. */
  | 'usage'
  /** A file, checkpoint or corpus that can't be used as it is: exit 1. */
  | 'input'
  /** Stored or downloaded bytes don't match what was promised: exit 4. */
  | 'integrity'
  /** Disk full, permission denied, a child process died: exit 1. */
  | 'environment'
  /** Stopped by the user: exit 130. */
  | 'interrupted'
  /** A bug in eigentrace; the message starts with `internal:`: exit 1. */
  | 'internal';

export class EigentraceError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EigentraceError';
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Up to `count` candidates nearest to `word` by edit distance, nearest first: for the error after a typo. */
export function nearest(word: string, candidates: Iterable<string>, count = 3): string[] {
  const scored = [...candidates].map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  return scored
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map((s) => s.candidate);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
