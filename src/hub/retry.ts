/**
 * When a request is tried again, and after how long: exponential backoff with jitter, so that many clients don't come back at
 * once; a server's own word (`Retry-After` in seconds or as a date, the Hub's `RateLimit: …;t=SECONDS`) comes first.
 */

/** Tries of one request; a byte that arrived begins a new count. */
export const tries = 6;
/** Milliseconds: the first pause at most, and any pause at most. */
export const firstPause = 500;
const longest = 30_000;
/** A server that asks for a longer pause is told the user instead. */
export const patience = 300_000;

/** Statuses that may pass. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || (status >= 502 && status <= 504);
}

/** Milliseconds before try `attempt` (1: the second in all). */
export function backoff(attempt: number, first = firstPause, random: () => number = Math.random): number {
  return Math.min(longest, first * 2 ** (attempt - 1)) * (0.5 + random() / 2);
}

/** Milliseconds that a server asks for; null where it says none. */
export function askedPause(
  headers: { readonly 'retry-after'?: string | undefined; readonly ratelimit?: string | undefined },
  now: number = Date.now(),
): number | null {
  const after = headers['retry-after']?.trim();
  if (after !== undefined && /^\d{1,9}(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = after === undefined ? NaN : Date.parse(after);
  if (!Number.isNaN(date)) return Math.max(0, date - now);
  // `"api";r=0;t=57`: requests left, seconds until there are new ones.
  const limit = /;\s*t=(\d{1,6})\b/.exec(headers.ratelimit ?? '');
  return limit ? (Number(limit[1]) + 1) * 1000 : null;
}
