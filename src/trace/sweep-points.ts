/** `sweep`: which option is varied over which values, and the request that each of its points amounts to. */
import { EigentraceError } from '../errors.js';
import type { TraceRequest } from './request.js';

export const sweepOvers = ['n', 'length', 'corpus', 'layer', 'position'] as const;
export type SweepOver = (typeof sweepOvers)[number];

/** One option varied, the others as they are. `values` null: the usual ones, see `valuesOf`. */
export interface Sweep {
  readonly over: SweepOver;
  /** Numbers of sequences (n), most tokens (length), corpora, layers (`all` too), positions. */
  readonly values: readonly string[] | null;
}

/** A measurement of a sweep. */
export interface SweepPoint {
  readonly sweep: { readonly over: SweepOver; readonly value: number | string };
  /** What a plain trace of the same numbers would ask for. */
  readonly request: TraceRequest;
}

/** What the usual values are made from: sequences that pass the filter, and names of all layers. */
export interface SweepScope {
  readonly found: number;
  readonly layers: readonly string[];
}

/** Fewest sequences that a spectrum is measured on: the jackknife's ten groups need two each. */
const leastSequences = 20;

/** The points of all sweeps, in order; the same point asked for twice is there once. */
export function pointsOf(base: TraceRequest, sweeps: readonly Sweep[], scope: SweepScope): SweepPoint[] {
  const points = sweeps.flatMap((sweep) =>
    valuesOf(base, sweep, scope).map((value) => ({
      sweep: { over: sweep.over, value },
      request: requestOf(base, sweep.over, value),
    })),
  );
  const seen = new Set<string>();
  return points.filter(({ sweep }) => {
    const name = JSON.stringify(sweep);
    return seen.has(name) ? false : seen.add(name);
  });
}

/** What can be refused before anything is opened. */
export function checkSweeps(base: TraceRequest, sweeps: readonly Sweep[]): void {
  if (sweeps.length === 0) throw refuse('--over', 'is missing', `one of ${sweepOvers.join(', ')}`);
  for (const { over, values } of sweeps) {
    if (over === 'n' && base.rows !== null) throw refuse('--over n', `--rows ${base.rows} fixes the rows`, 'no --rows');
    if (over === 'corpus' && base.rows !== null) throw refuse('--over corpus', '--rows are of one corpus', 'no --rows');
    if (values === null) {
      if (over === 'corpus') throw refuse('--values', 'are missing for --over corpus', 'corpora, with commas between');
      continue;
    }
    if (values.length === 0) throw refuse('--values', `are empty for --over ${over}`, 'values with commas between');
    for (const value of values) checkValue(over, value);
  }
}

function checkValue(over: SweepOver, value: string): void {
  const subject = `--values for --over ${over}`;
  if (over === 'n' || over === 'length') {
    const least = over === 'n' ? leastSequences : 1;
    const isWhole = /^\d{1,15}$/.test(value) && Number(value) >= least;
    if (!isWhole) throw refuse(subject, `got ${value || 'nothing'}`, `whole numbers from ${least}`);
  } else if (over === 'position') {
    const known = ['last', 'mean', 'all'];
    if (!known.includes(value)) throw refuse(subject, `got ${value || 'nothing'}`, known.join(', '));
  } else if (over === 'layer') {
    if (!/^(all|final|\d{1,6})$/.test(value)) {
      throw refuse(subject, `got ${value || 'nothing'}`, 'all, final, or block numbers');
    }
  } else if (value === '') throw refuse(subject, 'got nothing', 'corpora');
}

function valuesOf(base: TraceRequest, { over, values }: Sweep, scope: SweepScope): (number | string)[] {
  if (over === 'n' || over === 'length') {
    if (values !== null) return values.map(Number);
    const most = over === 'n' ? Math.min(base.sequences ?? Infinity, scope.found) : base.maxTokens;
    const least = over === 'n' ? leastSequences : 1;
    return [16, 8, 4, 2, 1].map((part) => Math.round(most / part)).filter((value) => value >= least);
  }
  if (over === 'position') return [...(values ?? ['last', 'mean'])];
  if (over === 'corpus') return [...(values ?? [])];
  const names = (values ?? ['all']).flatMap((value) => (value === 'all' ? scope.layers : [value]));
  const unknown = names.find((name) => !scope.layers.includes(name));
  if (unknown !== undefined) {
    // The names are the blocks from 0 on, and `final`.
    const expected = `final, all, or numbers from 0 to ${scope.layers.length - 2}`;
    throw refuse('--values for --over layer', `no such layer, got ${unknown}`, expected);
  }
  return names.map((name) => (name === 'final' ? name : Number(name)));
}

function requestOf(base: TraceRequest, over: SweepOver, value: number | string): TraceRequest {
  switch (over) {
    case 'n':
      return { ...base, sequences: Number(value) };
    case 'length':
      return { ...base, maxTokens: Number(value) };
    case 'corpus':
      return { ...base, corpus: String(value) };
    case 'layer':
      return { ...base, layers: String(value) };
    case 'position':
      return { ...base, position: value as TraceRequest['position'] };
  }
}

function refuse(subject: string, what: string, expected: string): EigentraceError {
  return new EigentraceError('usage', `${subject}: ${what} (expected ${expected})`);
}
