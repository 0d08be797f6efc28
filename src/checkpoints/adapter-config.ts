/**
 * `adapter_config.json` of PEFT's LoRA: what an adapter adds is `scale · B·A`, scale = α/r, or α/√r with `use_rslora`.
 * Options that mean other mathematics (DoRA, biases, initialisations that change the base) are refused by name, and so is
 * every key with a value that nobody here knows of; keys that steer training only are passed over.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';

export interface AdapterConfig {
  /** As written: a folder, or the Hub's id of a model. */
  readonly base: string | null;
  readonly transposed: boolean;
  /** Rank and scale of a module's update, by the module's name. */
  readonly scaleOf: (module: string) => { readonly rank: number; readonly scale: number };
}

const fileLimit = 16 * 1024 * 1024;
const pattern = z.record(z.string(), z.number().positive());

const schema = z.looseObject({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: z.number().int().positive(),
  lora_alpha: z.number(),
  fan_in_fan_out: z.boolean().nullish(),
  use_rslora: z.boolean().nullish(),
  rank_pattern: pattern.nullish(),
  alpha_pattern: pattern.nullish(),
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});

/** What says nothing about the merged weights: the tensors of the file say which modules are tuned. */
const harmless = new Set([
  ...['auto_mapping', 'task_type', 'inference_mode', 'peft_version', 'revision', 'target_modules', 'exclude_modules'],
  ...['modules_to_save', 'lora_dropout', 'layers_to_transform', 'layers_pattern', 'megatron_core', 'eva_config'],
  ...['qalora_group_size', 'ensure_weight_tying'],
]);
/** Initialisations that leave the base as it is; the others start from changed base weights. */
const plainStarts: readonly unknown[] = [true, false, 'gaussian', 'eva', 'orthogonal', null, undefined];

/** Reads the config of the adapter in a folder. Errors name the key and its value. */
export async function readAdapterConfig(folder: string): Promise<AdapterConfig> {
  const path = join(folder, 'adapter_config.json');
  const json = await readJson(path, fileLimit);
  const type = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['peft_type'] : undefined;
  if (typeof type === 'string' && type !== 'LORA') throw refuse(path, 'peft_type', type, 'LORA');
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    throw new EigentraceError(
      'input',
      `${path}: ${at.join('.') || 'the file'}: ${message.replace('Invalid input: ', '')}`,
    );
  }
  const config = parsed.data;
  if ((config.bias ?? 'none') !== 'none') throw refuse(path, 'bias', config.bias, 'none');
  if (!plainStarts.includes(config.init_lora_weights)) {
    throw refuse(path, 'init_lora_weights', config.init_lora_weights, 'a start that leaves the base as it is');
  }
  const known = Object.keys(schema.shape);
  for (const [key, value] of Object.entries(config)) {
    if (known.includes(key) || harmless.has(key) || isEmpty(value)) continue;
    throw refuse(path, key, value, `none; known keys near it: ${nearest(key, [...known, ...harmless], 2).join(', ')}`);
  }
  const ranks = readPattern(path, 'rank_pattern', config.rank_pattern ?? {});
  const alphas = readPattern(path, 'alpha_pattern', config.alpha_pattern ?? {});
  return {
    base: config.base_model_name_or_path ?? null,
    transposed: config.fan_in_fan_out ?? false,
    scaleOf: (module) => {
      const rank = ranks(module) ?? config.r;
      const alpha = alphas(module) ?? config.lora_alpha;
      return { rank, scale: alpha / (config.use_rslora ? Math.sqrt(rank) : rank) };
    },
  };
}

/**
 * PEFT takes the first key that matches the end of a module's name, as a regular expression. A file's own expressions are
 * not run here: keys must be plain names, whole parts of the module's path.
 */
function readPattern(path: string, key: string, patterns: Record<string, number>): (module: string) => number | null {
  const entries = Object.entries(patterns);
  for (const [name] of entries) {
    if (!/^\^?[\w.]+$/.test(name)) throw refuse(path, key, name, 'plain names of modules');
  }
  return (module) => {
    const found = entries.find(([name]) =>
      name.startsWith('^') ? module === name.slice(1) : module === name || module.endsWith(`.${name}`),
    );
    return found ? found[1] : null;
  };
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false || value === '';
}

function refuse(path: string, key: string, value: unknown, expected: string): EigentraceError {
  const advice = 'merge it into its base model with `merge_and_unload()` of peft in Python';
  const got = JSON.stringify(value).slice(0, 80);
  return new EigentraceError('input', `${path}: ${key} is not supported, got ${got} (expected ${expected}); ${advice}`);
}
