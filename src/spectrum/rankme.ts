/**
 * RankMe, the effective rank exp(−Σ pᵢ ln pᵢ), pᵢ = λᵢ/Σλ (definitions §3). The eigenvalues of the centred covariance
 * are meant (arXiv 2509.23024); the literature has other numbers under this name, which have ids of their own.
 * All take eigenvalues descending and ≥ 0 with a positive sum.
 */
import { sum } from './positive.js';

/** ε of the published code and of Garrido et al. 2023, added to every p. */
const epsilon = 1e-7;
/** Eigenvalues that the published code keeps. */
const publishedCount = 2048;

/** Spectral entropy −Σ p ln p in nats, 0·ln 0 = 0: ln RankMe. */
export function spectralEntropy(values: Float64Array): number {
  const total = sum(values);
  let entropy = 0;
  for (const x of values) if (x > 0) entropy -= (x / total) * Math.log(x / total);
  // A single eigenvalue gives −1·ln 1 = −0.
  return Math.max(entropy, 0);
}

/** `rankme`: in [1, number of positive eigenvalues]. */
export function rankme(values: Float64Array): number {
  return Math.exp(spectralEntropy(values));
}

/**
 * `rankme.published`: the first min(N, d, 2048) eigenvalues (zeros among them count), renormalised by their own sum, ε
 * added to every p, not renormalised again. A flat spectrum reads more than its length.
 */
export function rankmePublished(values: Float64Array): number {
  return withEpsilon(values.slice(0, publishedCount));
}

/**
 * `rankme.singular`: singular values of the uncentred rows, ε (Garrido et al. 2023), as roots of the min(N, d) eigenvalues
 * of FᵀF/N. Where rows have exactly or nearly no rank (singular values below 10⁻⁷ of the largest) roots of rounding make
 * the 8th digit uncertain.
 */
export function rankmeSingular(uncentred: Float64Array): number {
  return withEpsilon(uncentred.map((x) => Math.sqrt(Math.max(x, 0))));
}

function withEpsilon(values: Float64Array): number {
  const total = sum(values);
  let entropy = 0;
  for (const x of values) {
    const p = x / total + epsilon;
    entropy -= p * Math.log(p);
  }
  return Math.exp(entropy);
}
