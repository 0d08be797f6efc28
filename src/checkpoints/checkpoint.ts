/**
 * One checkpoint: a folder as `save_pretrained` writes it. Its config and tokenizer may lie in it or, shared by all, at the
 * root of its series. Nothing is converted: tensors stay where they are, as byte ranges. What the config means is the
 * models room's business.
 */
import { basename, join, resolve } from 'node:path';
import { kindOf, list, readJson } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { refuseQuantised } from './foreign.js';
import { readWeights, type TensorRange, type WeightFile } from './weights.js';

export interface CheckpointOptions {
  /** Folders searched, in order, for `config.json` and the tokenizer when the checkpoint has none of its own. Default none. */
  fallbackFolders?: readonly string[];
  /** The series' tokenizer, a folder or a `tokenizer.json`: taken after the checkpoint's own, before the fallback folders. Default none. */
  tokenizer?: string | null;
}

export interface Checkpoint {
  /** The folder's own name. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly config: Record<string, unknown>;
  readonly configPath: string;
  /** By name; only headers have been read. */
  readonly tensors: ReadonlyMap<string, TensorRange>;
  /** The weight files as they were when the headers were read. */
  readonly files: readonly WeightFile[];
  /** `tokenizer.json`, and `tokenizer_config.json` beside it; null when there is none anywhere. */
  readonly tokenizer: { readonly path: string; readonly configPath: string | null } | null;
  /** The weight files' own `__metadata__`, merged. */
  readonly metadata: Record<string, string>;
  readonly notes: readonly string[];
  /** Bytes of the weight files. */
  readonly bytes: number;
}

const configLimit = 16 * 1024 * 1024;

/**
 * Opens a checkpoint folder: reads its config and the headers of its weight files, checks both, finds its tokenizer.
 * Refused by name: no config, no weights, adapters, weights that are not safetensors, broken headers or shards.
 */
export async function openCheckpoint(folder: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const path = resolve(folder);
  const kind = await kindOf(path);
  if (kind !== 'folder') {
    const got = kind === null ? 'no such folder' : 'is a file (expected the folder of a checkpoint)';
    throw new EigentraceError('input', `${path}: ${got}`);
  }
  const inside = await list(path);
  const names = inside.filter((entry) => entry.kind === 'file').map((entry) => entry.name);
  const folders = inside.filter((entry) => entry.kind === 'folder').map((entry) => entry.name);
  if (names.includes('adapter_config.json')) {
    const advice = 'merge it into its base model first, with `merge_and_unload()` of peft in Python';
    throw new EigentraceError(
      'input',
      `${path}: an adapter, got adapter_config.json (expected a whole model); ${advice}`,
    );
  }
  const fallbacks = (options.fallbackFolders ?? []).map((fallback) => resolve(fallback));
  const { tensors, files, metadata, notes } = await readWeights(path, names, folders);
  const { config, configPath } = await readConfig(path, fallbacks);
  refuseQuantised(path, config, tensors.keys());
  return {
    name: basename(path),
    folder: path,
    config,
    configPath,
    tensors,
    files,
    tokenizer: await findTokenizer([path, ...(options.tokenizer ? [resolve(options.tokenizer)] : []), ...fallbacks]),
    metadata,
    notes,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
  };
}

async function readConfig(
  folder: string,
  fallbacks: readonly string[],
): Promise<{ config: Record<string, unknown>; configPath: string }> {
  for (const place of [folder, ...fallbacks]) {
    const configPath = join(place, 'config.json');
    if ((await kindOf(configPath)) !== 'file') continue;
    const config = await readJson(configPath, configLimit);
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      const got = JSON.stringify(config).slice(0, 40);
      throw new EigentraceError('input', `${configPath}: is not a model's config, got ${got} (expected a JSON object)`);
    }
    return { config: config as Record<string, unknown>, configPath };
  }
  const places = [...new Set([folder, ...fallbacks])].join(' and ');
  throw new EigentraceError('input', `${folder}: no config.json, looked in ${places} (expected the model's config)`);
}

/** The first place with a `tokenizer.json`; a place may be the file itself. */
async function findTokenizer(places: readonly string[]): Promise<Checkpoint['tokenizer']> {
  for (const place of places) {
    const isFile = (await kindOf(place)) === 'file';
    const path = isFile ? place : join(place, 'tokenizer.json');
    if (!isFile && (await kindOf(path)) !== 'file') continue;
    // Only beside it: the configuration of another tokenizer would be worse than none.
    const configPath = join(isFile ? resolve(place, '..') : place, 'tokenizer_config.json');
    return { path, configPath: (await kindOf(configPath)) === 'file' ? configPath : null };
  }
  return null;
}
