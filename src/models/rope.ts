/**
 * Rotary position embedding (Su et al. 2021): tables of cos and sin of position · frequency, frequency_j = θ^(−2j/R)
 * for the R rotated dimensions of a head, and the ways to stretch it: linear (Chen et al. 2023), Llama 3.1's,
 * YaRN (Peng et al. 2023) and dynamic NTK. Every product is rounded to float32 as transformers computes it, so that
 * long positions agree with the model that was trained.
 */

export interface Rope {
  /** Base θ. */
  readonly theta: number;
  /** Rotated dimensions R of a head, even; 0 means none. */
  readonly dimensions: number;
  /** How frequencies are stretched; null: not at all. */
  readonly scaling: RopeScaling | null;
}

export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  /** θ grows with each sequence longer than `original`; shorter ones are as without scaling. */
  | { readonly type: 'dynamic'; readonly factor: number; readonly original: number }
  /** Wavelengths above original/low are stretched, below original/high kept, between them blended. */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly low: number;
      readonly high: number;
      readonly original: number;
    }
  /** Dimensions of fewer than `slow` turns in `original` positions are stretched, of more than `fast` kept. */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly fast: number;
      readonly slow: number;
      readonly original: number;
      /** Multiplies cos and sin. */
      readonly attention: number;
    };

/** cos and sin for positions 0..length−1: two tables (length, R/2), float32. */
export function ropeTables(rope: Rope, length: number): { cos: Float32Array; sin: Float32Array } {
  const frequencies = ropeFrequencies(rope);
  const half = frequencies.length;
  const attention = rope.scaling?.type === 'yarn' ? Math.fround(rope.scaling.attention) : 1;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let p = 0; p < length; p++) {
    for (let j = 0; j < half; j++) {
      const angle = Math.fround(p * frequencies[j]!);
      cos[p * half + j] = Math.fround(Math.cos(angle)) * attention;
      sin[p * half + j] = Math.fround(Math.sin(angle)) * attention;
    }
  }
  return { cos, sin };
}

/** The R/2 frequencies in radians a position, for a sequence that `dynamic` leaves as it is. */
export function ropeFrequencies(rope: Rope): Float32Array {
  const { theta, dimensions, scaling } = rope;
  const powers = Float32Array.from({ length: dimensions / 2 }, (_, j) =>
    Math.pow(theta, Math.fround((2 * j) / dimensions)),
  );
  const plain = powers.map((power) => 1 / power);
  switch (scaling?.type) {
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'llama3':
      return plain.map((frequency) => llama3Frequency(frequency, scaling));
    case 'yarn':
      return yarnFrequencies(rope, powers, scaling);
    default:
      return plain;
  }
}

function llama3Frequency(frequency: number, scaling: RopeScaling & { type: 'llama3' }): number {
  const { factor, low, high, original } = scaling;
  const wavelength = Math.fround(Math.fround(2 * Math.PI) / frequency);
  if (wavelength > original / low) return frequency / factor;
  if (wavelength < original / high) return frequency;
  const kept = Math.fround((Math.fround(original / wavelength) - low) / (high - low));
  const stretched = Math.fround(Math.fround((1 - kept) * frequency) / factor);
  return stretched + Math.fround(kept * frequency);
}

function yarnFrequencies(rope: Rope, powers: Float32Array, scaling: RopeScaling & { type: 'yarn' }): Float32Array {
  const { theta, dimensions } = rope;
  /** The dimension that turns so many times in the original positions. */
  const dimensionOf = (turns: number): number =>
    (dimensions * Math.log(scaling.original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const from = Math.max(Math.floor(dimensionOf(scaling.fast)), 0);
  let to = Math.min(Math.ceil(dimensionOf(scaling.slow)), dimensions - 1);
  if (from === to) to += 0.001;
  return powers.map((power, j) => {
    const stretch = Math.min(1, Math.max(0, Math.fround((j - from) / (to - from))));
    const kept = Math.fround(1 - stretch);
    const stretched = Math.fround(1 / Math.fround(scaling.factor * power));
    return Math.fround(stretched * Math.fround(1 - kept)) + Math.fround(Math.fround(1 / power) * kept);
  });
}
