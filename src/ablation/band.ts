/** Which eigen-directions: `10` is the first ten, `11..100` a band; ranks count from 1, the largest eigenvalue first. */
import { EigentraceError } from '../errors.js';

export interface Band {
  /** First and last rank, inclusive. */
  readonly from: number;
  readonly to: number;
}

/** `option` names where it was given. */
export function parseBand(given: string, option: string): Band {
  const match = /^\s*(?:(\d{1,6})\s*\.\.\s*)?(\d{1,6})\s*$/.exec(given);
  const to = Number(match?.[2]);
  const from = match?.[1] === undefined ? 1 : Number(match[1]);
  if (match && from >= 1 && to >= from) return { from, to };
  throw new EigentraceError(
    'usage',
    `${option}: is no number of directions, got ${JSON.stringify(given)} (expected K ≥ 1, or a band FROM..TO such as 11..100)`,
  );
}

export function sizeOf({ from, to }: Band): number {
  return to - from + 1;
}

/** `top-10`, `11..100` */
export function bandName({ from, to }: Band): string {
  return from === 1 ? `top-${to}` : `${from}..${to}`;
}
