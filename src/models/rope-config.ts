/**
 * What a config says about rotary embedding, in both spellings: transformers 4 (`rope_theta` or `rotary_emb_base`,
 * `rotary_pct`, `rope_scaling`) and transformers 5 (`rope_parameters`, for some families one object a kind of layer).
 * Where both stand they must agree. Kinds of RoPE and keys that are not implemented are refused by name.
 */
import type { Config } from './config.js';
import type { Rope, RopeScaling } from './rope.js';

/** What a family calls things, and what it means by silence. */
export interface RopeDefaults {
  readonly theta: number;
  /** Top-level keys for θ. Default `rope_theta`. */
  readonly thetaKeys?: readonly string[];
  /** Rotated part of a head, for families that rotate a part, and its top-level keys. Default: all of it. */
  readonly fraction?: { readonly value: number; readonly keys: readonly string[] };
}

/** An object of the config, by the name errors give it. */
interface Place {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Keys beside `rope_type`, `rope_theta` and `partial_rotary_factor`. */
const scalingKeys: Readonly<Record<'default' | RopeScaling['type'], readonly string[]>> = {
  default: [],
  linear: ['factor'],
  dynamic: ['factor', 'original_max_position_embeddings'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
  yarn: ['factor', 'attention_factor', 'beta_fast', 'beta_slow', 'original_max_position_embeddings'],
};

/** One RoPE for all layers. */
export function readRope(config: Config, headSize: number, defaults: RopeDefaults): Rope {
  return ropeOf(config, headSize, defaults, places(config, 'rope_scaling', 'rope_parameters'));
}

/**
 * One RoPE for layers with full attention and one for sliding layers. transformers 5 has an object for each;
 * in transformers 4 `rope_scaling` is for full attention only, and sliding layers have a base of their own in
 * `local.key`, or without such a key the same base.
 */
export function readRopes(
  config: Config,
  headSize: number,
  defaults: RopeDefaults,
  local?: { readonly key: string; readonly theta: number },
): { full: Rope; sliding: Rope } {
  const parameters = places(config, 'rope_parameters')[0];
  const slidingDefaults: RopeDefaults = local ? { theta: local.theta, thetaKeys: [local.key] } : defaults;
  if (!parameters) {
    const full = ropeOf(config, headSize, defaults, places(config, 'rope_scaling'));
    return { full, sliding: ropeOf(config, headSize, slidingDefaults, []) };
  }
  for (const [key, value] of Object.entries(parameters.values)) {
    if (key !== 'full_attention' && key !== 'sliding_attention') {
      throw config.fault(`${parameters.name}.${key}`, value, 'only full_attention and sliding_attention');
    }
  }
  const kind = (key: string): Place => {
    const name = `${parameters.name}.${key}`;
    return { name, values: object(config, name, parameters.values[key]) };
  };
  const full = ropeOf(config, headSize, defaults, [...places(config, 'rope_scaling'), kind('full_attention')]);
  return { full, sliding: ropeOf(config, headSize, slidingDefaults, [kind('sliding_attention')]) };
}

function ropeOf(config: Config, headSize: number, defaults: RopeDefaults, from: readonly Place[]): Rope {
  const number = (key: string, fallback: number | null, top: readonly string[] = []): number => {
    const found = agreed(config, candidates(config, from, [key], top));
    const value = found?.[1] ?? fallback;
    if (value !== null && value > 0) return value;
    const name = found?.[0] ?? top[0] ?? `${from.at(-1)?.name ?? 'rope_parameters'}.${key}`;
    throw config.fault(name, value ?? undefined, 'a positive number');
  };
  const theta = number('rope_theta', defaults.theta, defaults.thetaKeys ?? ['rope_theta']);
  const told = agreed(config, candidates(config, from, ['partial_rotary_factor'], defaults.fraction?.keys ?? []));
  const fraction = told?.[1] ?? defaults.fraction?.value ?? 1;
  const dimensions = rotated(config, headSize, fraction, defaults);
  const type = readType(config, from);
  const known = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor', ...scalingKeys[type]];
  for (const { name, values } of from) {
    for (const [key, value] of Object.entries(values)) {
      if (known.includes(key) || value === null) continue;
      throw config.fault(`${name}.${key}`, value, `no such key for rope_type ${type}, which has ${known.join(', ')}`);
    }
  }
  return { theta, dimensions, scaling: type === 'default' ? null : readScaling(config, type, number, dimensions) };
}

function readScaling(
  config: Config,
  type: RopeScaling['type'],
  number: (key: string, fallback: number | null) => number,
  dimensions: number,
): RopeScaling {
  const factor = number('factor', null);
  switch (type) {
    case 'linear':
      return { type, factor };
    case 'dynamic': {
      const original = config.size('max_position_embeddings');
      const told = number('original_max_position_embeddings', original);
      if (told !== original) {
        throw config.fault('original_max_position_embeddings', told, `max_position_embeddings ${original} for dynamic`);
      }
      if (dimensions <= 2) throw config.fault('rope_type', type, `more than ${dimensions} rotated dimensions`);
      return { type, factor, original };
    }
    case 'llama3': {
      const [low, high] = [number('low_freq_factor', null), number('high_freq_factor', null)];
      if (high <= low) throw config.fault('high_freq_factor', high, `more than low_freq_factor ${low}`);
      return { type, factor, low, high, original: number('original_max_position_embeddings', null) };
    }
    case 'yarn': {
      const positions = config.raw('max_position_embeddings');
      const original = number('original_max_position_embeddings', typeof positions === 'number' ? positions : null);
      const attention = number('attention_factor', factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1);
      return { type, factor, fast: number('beta_fast', 32), slow: number('beta_slow', 1), original, attention };
    }
  }
}

function readType(config: Config, from: readonly Place[]): 'default' | RopeScaling['type'] {
  const [first, ...rest] = candidates(config, from, ['rope_type', 'type'], []);
  if (!first) return 'default';
  const known = Object.keys(scalingKeys);
  for (const [key, value] of [first, ...rest]) {
    if (!known.includes(value as string)) {
      throw config.fault(key, value, `${known.join(', ')}; other kinds of RoPE are not implemented`);
    }
    if (value !== first[1]) throw config.fault(key, value, `${JSON.stringify(first[1])}, as ${first[0]} says`);
  }
  return first[1] as RopeScaling['type'];
}

function rotated(config: Config, headSize: number, fraction: number, defaults: RopeDefaults): number {
  const key = defaults.fraction?.keys[0] ?? 'partial_rotary_factor';
  if (!defaults.fraction && fraction !== 1) {
    throw config.fault(key, fraction, '1: this architecture rotates whole heads');
  }
  if (fraction < 0 || fraction > 1) throw config.fault(key, fraction, 'a number from 0 to 1');
  const dimensions = Math.floor(headSize * fraction);
  if (dimensions % 2 !== 0) {
    throw config.fault(key, fraction, `an even number of rotated dimensions, not ${dimensions} of ${headSize}`);
  }
  return dimensions;
}

function places(config: Config, ...keys: string[]): Place[] {
  return keys.flatMap((key) => {
    const value = config.raw(key);
    return value === undefined ? [] : [{ name: key, values: object(config, key, value) }];
  });
}

function object(config: Config, name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw config.fault(name, value, 'an object');
  }
  return value as Record<string, unknown>;
}

/** Every place where one of the keys has a value, with the name errors give it. */
function candidates(
  config: Config,
  from: readonly Place[],
  keys: readonly string[],
  top: readonly string[],
): [string, unknown][] {
  const all: [string, unknown][] = top.map((key) => [key, config.raw(key)]);
  for (const { name, values } of from) {
    for (const key of keys) all.push([`${name}.${key}`, values[key]]);
  }
  return all.filter(([, value]) => value !== undefined && value !== null);
}

/** The one number that all places give, with the first place's name; disagreement is refused, naming both. */
function agreed(config: Config, present: readonly [string, unknown][]): [string, number] | null {
  for (const [key, value] of present) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw config.fault(key, value, 'a number');
  }
  const first = present[0];
  if (!first) return null;
  const other = present.find(([, value]) => value !== first[1]);
  if (other) throw config.fault(other[0], other[1], `${String(first[1])}, as ${first[0]} says`);
  return first as [string, number];
}
