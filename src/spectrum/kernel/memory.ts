/**
 * Where things lie in the kernel's memory, in bytes: the threads' meeting points below 64 KiB, then the matrices and the
 * work arrays. Leading dimensions are 8 past a multiple of 4, so that columns do not fall on the same cache sets.
 */
import { EigentraceError } from '../../errors.js';
import { panelColumns, panelDepth, panelWidth } from './kernel.js';

export const pageBytes = 65536;
export const mostPages = 65536;
/** The kernel's threads are bounded: each has 4 KiB of scratch below 64 KiB. */
export const mostThreads = 8;

/** Fixed places: barrier (2 int32), τ of the step, block counters of the Gram, scratch of the threads. */
export const fixed = { sync: 1024, tau: 1088, pair: 1104, counter: 1152, counters: 2048, scratch: 16384 } as const;
/** Room for block counters: as many blocks as one panel may have. */
export const mostBlocks = (fixed.scratch - fixed.counters) / 4;

export interface Layout {
  order: number;
  /** Leading dimension in elements. */
  ld: number;
  depth: number;
  slots: number[];
  panels: [number, number];
  v: number;
  w: number;
  y: number;
  packedV: number;
  packedW: number;
  /** Four vectors of ld elements: s, u, scratch, output. */
  vectors: [number, number, number, number];
  /** Diagonals and off-diagonals, one pair for each matrix whose eigenvalues are found at once. */
  tridiagonals: { d: number; e: number }[];
  /** int32 index of rows. */
  index: number;
  bytes: number;
}

export function layoutFor(order: number, slots: number, threads: number): Layout {
  const ld = panelWidth(order) + 8;
  const depth = Math.min(panelDepth(order), 256 * mostBlocks);
  let next = pageBytes;
  const take = (elements: number): number => {
    const at = next;
    next += Math.ceil(elements / 16) * 128;
    return at;
  };
  const vector = (): number => take(ld);
  const layout: Layout = {
    order,
    ld,
    depth,
    slots: Array.from({ length: slots }, () => take(ld * (order + 4))),
    panels: [take(depth * panelWidth(order)), take(depth * panelWidth(order))],
    v: take(ld * panelColumns),
    w: take(ld * panelColumns),
    y: take(ld * threads),
    packedV: take(2 * panelColumns * (order + 4)),
    packedW: take(2 * panelColumns * (order + 4)),
    vectors: [vector(), vector(), vector(), vector()],
    tridiagonals: [
      { d: vector(), e: vector() },
      { d: vector(), e: vector() },
    ],
    index: vector(),
    bytes: 0,
  };
  layout.bytes = next;
  if (next > pageBytes * mostPages) {
    throw new EigentraceError(
      'input',
      `spectrum: ${slots} float64 matrices of order ${order} need ${(next / 2 ** 30).toFixed(1)} GiB of the kernel's memory ` +
        `(expected at most 4 GiB); measure fewer rows than columns, or leave the errors out (--errors none)`,
    );
  }
  return layout;
}
