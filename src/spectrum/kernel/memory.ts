/**
 * Where things lie in the kernel's memory, in bytes: the threads' meeting points below 64 KiB, then the matrices and the
 * work arrays. Leading dimensions are 8 past a multiple of 4, so that columns do not fall on the same cache sets.
 */
import { EigentraceError } from '../../errors.js';
import { bandBlock, bandWidth, panelDepth, panelWidth } from './kernel.js';

export const pageBytes = 65536;
export const mostPages = 65536;
/** The kernel's threads are bounded: each has 4 KiB of scratch below 64 KiB. */
export const mostThreads = 8;

/** Fixed places: barrier (2 int32), τ of the step, counter of squares, arguments (float64), scratch of the threads. */
export const fixed = { sync: 1024, tau: 1088, pair: 1104, counter: 1152, args: 1280, scratch: 16384 } as const;

export interface Layout {
  order: number;
  /** Leading dimension in elements. */
  ld: number;
  depth: number;
  slots: number[];
  panels: [number, number];
  /** Two places for float32 rows, the halves of panel 1, and a factor for each row. */
  stages: [number, number];
  factors: number;
  /** Group of each staged row, a byte. */
  groups: number;
  v: number;
  w: number;
  y: number;
  packedV: number;
  packedW: number;
  /** Scratch of the band reduction: small matrices, and a block a thread. */
  small: number;
  blocks: number;
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
  const depth = panelDepth(order);
  let next = pageBytes;
  const take = (elements: number): number => {
    const at = next;
    next += Math.ceil(elements / 16) * 128;
    return at;
  };
  const vector = (): number => take(ld);
  const matrices = Array.from({ length: slots }, () => take(ld * (order + 4)));
  const panels: [number, number] = [take(depth * panelWidth(order)), take(depth * panelWidth(order))];
  const layout: Layout = {
    order,
    ld,
    depth,
    slots: matrices,
    panels,
    stages: [panels[1], panels[1] + 4 * depth * panelWidth(order)],
    factors: take(depth),
    groups: take(depth / 8),
    v: take(ld * bandWidth),
    w: take(ld * bandWidth),
    y: take(ld * threads),
    packedV: take(2 * bandWidth * (order + bandWidth + 4)),
    packedW: take(2 * bandWidth * (order + bandWidth + 4)),
    small: take(5 * bandWidth ** 2 + 2 * bandWidth),
    blocks: take(threads * bandBlock ** 2),
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
