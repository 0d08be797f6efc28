/**
 * States without, or within, a subspace (definitions §10), in float64: kept h' = μ + UᵀU(h−μ), removed h' = h − UᵀU(h−μ), U the
 * directions by rows. And random subspaces, every one as likely.
 */
import type { StateChange } from '../runtime/index.js';
import { Random } from '../statistics/random.js';
import type { Mode } from './variant.js';

/** `directions` (k, d) orthonormal rows; `mean` null: about the origin. */
export function project(directions: Float64Array, d: number, mode: Mode, mean: Float64Array | null): StateChange {
  const k = directions.length / d;
  return (states) => {
    const out = new Float32Array(states.length);
    const about = new Float64Array(d);
    const part = new Float64Array(d);
    for (let at = 0; at < states.length; at += d) {
      for (let j = 0; j < d; j++) about[j] = states[at + j]! - (mean?.[j] ?? 0);
      part.fill(0);
      for (let r = 0; r < k; r++) {
        const row = r * d;
        let along = 0;
        for (let j = 0; j < d; j++) along += directions[row + j]! * about[j]!;
        for (let j = 0; j < d; j++) part[j]! += along * directions[row + j]!;
      }
      if (mode === 'keep') for (let j = 0; j < d; j++) out[at + j] = (mean?.[j] ?? 0) + part[j]!;
      else for (let j = 0; j < d; j++) out[at + j] = states[at + j]! - part[j]!;
    }
    return out;
  };
}

/** k orthonormal rows of d values: normal draws made orthogonal (twice, for rounding), which favours no direction. */
export function randomDirections(d: number, k: number, seed: number, draw: number): Float64Array {
  const random = new Random('ablation subspace', seed, draw, k, d);
  const rows = new Float64Array(k * d);
  for (let r = 0; r < k; r++) {
    const row = rows.subarray(r * d, (r + 1) * d);
    for (let j = 0; j < d; j++) row[j] = random.normal();
    for (let pass = 0; pass < 2; pass++) {
      for (let q = 0; q < r; q++) {
        let along = 0;
        for (let j = 0; j < d; j++) along += rows[q * d + j]! * row[j]!;
        for (let j = 0; j < d; j++) row[j]! -= along * rows[q * d + j]!;
      }
      const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
      for (let j = 0; j < d; j++) row[j]! /= length;
    }
  }
  return rows;
}
