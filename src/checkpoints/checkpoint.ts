/**
 * One checkpoint: a folder as `save_pretrained` writes it, PEFT's folder of an adapter with its base elsewhere, or a GGUF
 * file, alone or in its folder. Config and tokenizer may lie in it or, shared by all, at the root of its series. Nothing
 * is converted: tensors stay where they are, as byte ranges (what can't, of a GGUF file, `prepare` writes). What the
 * config means is the models room's business.
 */
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { identify, kindOf, list, readJson } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { adapt } from './adapter.js';
import { readAdapterConfig } from './adapter-config.js';
import { refuseQuantised } from './foreign.js';
import { readGguf, type Prepare } from './gguf.js';
import { readFiles, readWeights, type RemoteWeights, type TensorRange, type WeightFile } from './weights.js';

export interface CheckpointOptions {
  /** Folders searched, in order, for `config.json` and the tokenizer when the checkpoint has none of its own. Default none. */
  fallbackFolders?: readonly string[];
  /** The series' tokenizer, a folder or a `tokenizer.json`: taken after the checkpoint's own, before the fallback folders. Default none. */
  tokenizer?: string | null;
  /** The base model's folder, when this is an adapter. Default: the path in its `adapter_config.json`. */
  base?: string | null;
  /** Where `prepare` writes what has to be dequantised. Default: a folder among the system's temporary ones. */
  scratchFolder?: string | null;
  /** Weights that are not in the folder yet, though everything else is. Default none. */
  remote?: RemoteWeights | null;
}

export interface Checkpoint {
  /** The folder's own name. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** The base model's folder when this is an adapter; else null. Its config is `config`. */
  readonly base: string | null;
  readonly config: Record<string, unknown>;
  readonly configPath: string;
  /** By name; only headers have been read. */
  readonly tensors: ReadonlyMap<string, TensorRange>;
  /** The weight files as they were when the headers were read; an adapter's config and its base's files (`base/…`) too. */
  readonly files: readonly WeightFile[];
  /** `tokenizer.json`, and `tokenizer_config.json` beside it; null when there is none anywhere. */
  readonly tokenizer: { readonly path: string; readonly configPath: string | null } | null;
  /** The weight files' own `__metadata__`, merged. */
  readonly metadata: Record<string, string>;
  readonly notes: readonly string[];
  /** Bytes of the weight files. */
  readonly bytes: number;
  /**
   * Of a GGUF file: writes the scratch file in which dequantised tensors lie, and gives what removes it. To be called
   * before the weights are used, one checkpoint at a time. Null where all lie in the weight files.
   */
  readonly prepare: Prepare | null;
  /** Whether its weights are elsewhere still: what was read of them are headers, and they can't be run. */
  readonly isRemote: boolean;
}

const configLimit = 16 * 1024 * 1024;
const adapterFiles = ['adapter_model.safetensors', 'adapter_model.bin'];

/**
 * Opens a checkpoint folder, or a `.gguf` file: reads its config and the headers of its weight files, checks both, finds
 * its tokenizer.
 * Refused by name: no config, no weights, weights in other forms, adapters other than LoRA, broken headers or shards.
 */
export async function openCheckpoint(folder: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const path = resolve(folder);
  const kind = await kindOf(path);
  if (kind === 'file' && path.endsWith('.gguf')) {
    return { ...(await openGguf(path, dirname(path), options)), name: basename(path, '.gguf') };
  }
  if (kind !== 'folder') {
    const got = kind === null ? 'no such folder' : 'is a file (expected the folder of a checkpoint)';
    throw new EigentraceError('input', `${path}: ${got}`);
  }
  const inside = await list(path);
  const remote = options.remote ?? null;
  const here = inside.filter((entry) => entry.kind === 'file').map((entry) => entry.name);
  const names = [...new Set([...here, ...(remote?.files.keys() ?? [])])].sort();
  const folders = inside.filter((entry) => entry.kind === 'folder').map((entry) => entry.name);
  const fallbacks = (options.fallbackFolders ?? []).map((fallback) => resolve(fallback));
  const adapter = adapterFiles.find((name) => names.includes('adapter_config.json') && names.includes(name));
  if (adapter !== undefined) return openAdapter(path, adapter, options, fallbacks);
  const gguf = ggufIn(path, names);
  if (gguf !== null) return openGguf(join(path, gguf), path, options);
  const { tensors, files, metadata, notes } = await readWeights(path, names, folders, remote);
  const { config, configPath } = await readConfig(path, fallbacks);
  refuseQuantised(path, config, tensors.keys());
  return {
    name: basename(path),
    folder: path,
    base: null,
    config,
    configPath,
    tensors,
    files,
    tokenizer: await findTokenizer([path, ...(options.tokenizer ? [resolve(options.tokenizer)] : []), ...fallbacks]),
    metadata,
    notes,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    prepare: null,
    isRemote: remote !== null,
  };
}

/** The folder's GGUF file, where it holds no weights that need no conversion; null when there is none. */
function ggufIn(folder: string, names: readonly string[]): string | null {
  const found = names.filter((name) => name.endsWith('.gguf'));
  if (found.length === 0 || names.some((name) => /\.safetensors$|^pytorch_model.*\.bin$/.test(name))) return null;
  if (found.length === 1) return found[0]!;
  const got = `${found.length} GGUF files (${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''})`;
  throw new EigentraceError('input', `${folder}: which file is meant is unclear, got ${got} (expected one of them)`);
}

/** A GGUF file, whose metadata are its config. The tokenizer is not taken from it. */
async function openGguf(path: string, folder: string, options: CheckpointOptions): Promise<Checkpoint> {
  const scratchFolder = options.scratchFolder ?? join(tmpdir(), 'eigentrace');
  const { config, tensors, files, metadata, notes, prepare } = await readGguf(path, scratchFolder);
  const named = options.tokenizer ? [resolve(options.tokenizer)] : [];
  const fallbacks = (options.fallbackFolders ?? []).map((fallback) => resolve(fallback));
  return {
    ...{
      name: basename(folder),
      folder,
      base: null,
      config,
      configPath: path,
      tensors,
      files,
      metadata,
      notes,
      prepare,
      isRemote: false,
    },
    tokenizer: await findTokenizer([folder, ...named, ...fallbacks]),
    bytes: files.reduce((sum, file) => sum + file.size, 0),
  };
}

/** An adapter over its base, which is opened as any checkpoint; both their files count. */
async function openAdapter(
  folder: string,
  file: string,
  options: CheckpointOptions,
  fallbacks: readonly string[],
): Promise<Checkpoint> {
  const config = await readAdapterConfig(folder);
  const baseFolder = await findBase(folder, options.base ?? null, config.base, fallbacks);
  // Before it is opened: adapters could name one another for ever.
  if ((await kindOf(join(baseFolder, 'adapter_config.json'))) === 'file') {
    throw new EigentraceError('input', `${folder}: its base ${baseFolder} is an adapter too (expected a whole model)`);
  }
  const base = await openCheckpoint(baseFolder, { ...options, fallbackFolders: [dirname(baseFolder), ...fallbacks] });
  const own = await readFiles(folder, [file], null);
  const isTied = base.config['tie_word_embeddings'] === true;
  const { tensors, note } = adapt(folder, base.tensors, own.tensors, config, isTied);
  const files = [
    ...base.files.map((each) => ({ ...each, name: `base/${each.name}` })),
    // The scale stands in the config: it decides the numbers as the factors do.
    { name: 'adapter_config.json', ...(await identify(join(folder, 'adapter_config.json'))) },
    ...own.files,
  ];
  return {
    ...base,
    name: basename(folder),
    folder,
    base: base.folder,
    tensors,
    files,
    tokenizer: (await findTokenizer([folder])) ?? base.tokenizer,
    metadata: own.metadata,
    notes: [...base.notes, ...own.notes, note],
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

/** The base's folder: as given, else by the adapter's own path, from its folder or its series'. */
async function findBase(
  folder: string,
  given: string | null,
  named: string | null,
  fallbacks: readonly string[],
): Promise<string> {
  const places = given !== null ? [resolve(given)] : [];
  if (given === null && named) places.push(...[folder, ...fallbacks].map((place) => resolve(place, named)));
  for (const place of places) if ((await kindOf(place)) === 'folder' && place !== folder) return place;
  const got = given ?? (named ? `${named} in adapter_config.json` : 'none in adapter_config.json');
  const advice = 'give its folder as "base" beside the path of this checkpoint in series.json';
  throw new EigentraceError(
    'input',
    `${folder}: an adapter whose base model is not there, got ${got} (expected a folder on this machine); ${advice}`,
  );
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
export async function findTokenizer(places: readonly string[]): Promise<Checkpoint['tokenizer']> {
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
