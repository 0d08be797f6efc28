/**
 * Rotary position embedding (Su et al. 2021): tables of cos and sin of position · frequency, frequency_j = θ^(−2j/R)
 * for the R rotated dimensions of a head. Products are rounded to float32 as transformers computes them, so that
 * long positions agree with the model that was trained. Only the default type is here; other types
 * (linear, dynamic, llama3, yarn) are refused by name until they are implemented.
 */
import type { Config } from './config.js';

export interface Rope {
  /** Base θ. */
  readonly theta: number;
  /** Rotated dimensions of a head, even; 0 means none. */
  readonly dimensions: number;
}

const types = ['default'] as const;

/**
 * Reads both spellings: transformers 4 (`rotary_emb_base` or `rope_theta`, `rotary_pct` or `partial_rotary_factor`,
 * `rope_scaling`) and transformers 5 (`rope_parameters`). Where both stand they must agree.
 */
export function readRope(config: Config, headSize: number, defaults: { theta: number; fraction: number }): Rope {
  const nested = { ...object(config, 'rope_scaling'), ...object(config, 'rope_parameters') };
  const name = nested['rope_parameters.rope_type'] !== undefined ? 'rope_parameters' : 'rope_scaling';
  for (const [key, value] of Object.entries(nested)) {
    const short = key.replace(/^rope_(scaling|parameters)\./, '');
    if (short === 'rope_type' || short === 'type') {
      if (!types.includes(value as 'default')) {
        throw config.fault(`${name}.${short}`, value, `${types.join(', ')}; other kinds of RoPE are not implemented`);
      }
    } else if (short !== 'rope_theta' && short !== 'partial_rotary_factor' && value !== null) {
      throw config.fault(key, value, 'no such key beside rope_type, rope_theta and partial_rotary_factor');
    }
  }
  const theta = agreed(config, defaults.theta, {
    rotary_emb_base: config.raw('rotary_emb_base'),
    rope_theta: config.raw('rope_theta'),
    'rope_scaling.rope_theta': nested['rope_scaling.rope_theta'],
    'rope_parameters.rope_theta': nested['rope_parameters.rope_theta'],
  });
  const fraction = agreed(config, defaults.fraction, {
    rotary_pct: config.raw('rotary_pct'),
    partial_rotary_factor: config.raw('partial_rotary_factor'),
    'rope_scaling.partial_rotary_factor': nested['rope_scaling.partial_rotary_factor'],
    'rope_parameters.partial_rotary_factor': nested['rope_parameters.partial_rotary_factor'],
  });
  if (theta <= 0) throw config.fault('rope_theta', theta, 'a positive number');
  if (fraction < 0 || fraction > 1) throw config.fault('rotary_pct', fraction, 'a number from 0 to 1');
  const dimensions = Math.floor(headSize * fraction);
  if (dimensions % 2 !== 0) {
    throw config.fault(
      'rotary_pct',
      fraction,
      `an even number of rotated dimensions, not ${dimensions} of ${headSize}`,
    );
  }
  return { theta, dimensions };
}

/** cos and sin for positions 0..length−1: two tables (length, R/2), float32. */
export function ropeTables(rope: Rope, length: number): { cos: Float32Array; sin: Float32Array } {
  const half = rope.dimensions / 2;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let j = 0; j < half; j++) {
    const exponent = Math.fround((2 * j) / rope.dimensions);
    const frequency = Math.fround(1 / Math.fround(Math.pow(rope.theta, exponent)));
    for (let p = 0; p < length; p++) {
      const angle = Math.fround(p * frequency);
      cos[p * half + j] = Math.cos(angle);
      sin[p * half + j] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

function object(config: Config, key: string): Record<string, unknown> {
  const value = config.raw(key);
  if (value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw config.fault(key, value, 'an object');
  return Object.fromEntries(Object.entries(value as object).map(([name, v]) => [`${key}.${name}`, v as unknown]));
}

/** The one value that all present spellings give; disagreement is refused, naming both. */
function agreed(config: Config, fallback: number, spellings: Record<string, unknown>): number {
  const present = Object.entries(spellings).filter(([, value]) => value !== undefined && value !== null);
  for (const [key, value] of present) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw config.fault(key, value, 'a number');
  }
  const first = present[0];
  if (!first) return fallback;
  const other = present.find(([, value]) => value !== first[1]);
  if (other) throw config.fault(other[0], other[1], `${String(first[1])}, as ${first[0]} says`);
  return first[1] as number;
}
