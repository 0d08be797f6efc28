/**
 * Which files of a folder hold the weights, and where each tensor lies in them: one `model.safetensors`, shards listed by
 * `model.safetensors.index.json`, the same of `pytorch_model.bin`, or the only other file of either kind. Only headers and
 * state dicts are read (bytes/safetensors, torch-file.ts), never a weight.
 */
import { join } from 'node:path';
import { z } from 'zod';
import {
  FileSource,
  type ByteSource,
  identify,
  readJson,
  readSafetensorsHeader,
  type FileIdentity,
  type SafetensorsHeader,
} from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { foreignForm } from './foreign.js';
import { readTorchFile } from './torch-file.js';

/** Where a tensor lies. The shape and range are checked against one another and against the file's size. */
export interface TensorRange {
  readonly name: string;
  /** Absolute path with symlinks resolved (the Hub cache keeps weights behind symlinks). */
  readonly file: string;
  /** `F64`, `F32`, `F16`, `BF16`, or another safetensors dtype as it is written. */
  readonly dtype: string;
  readonly shape: number[];
  /** Absolute byte offset in the file; not always a multiple of the element's size. */
  readonly offset: number;
  readonly byteLength: number;
  /** What an adapter adds to it where it is used: `scale · up · down`, transposed where the weight is stored (in, out). */
  readonly update?: {
    readonly up: TensorRange;
    readonly down: TensorRange;
    readonly scale: number;
    readonly transposed: boolean;
  };
  /** What it was written from, where it lies in a scratch file that `prepare` writes: as in the weight file. */
  readonly stored?: {
    readonly dtype: string;
    readonly file: string;
    readonly offset: number;
    readonly byteLength: number;
  };
}

/** A weight file: its name in the checkpoint's folder and what it was when its header was read. */
export interface WeightFile extends FileIdentity {
  readonly name: string;
  /** Of one that is not on this machine yet: what its sha256 is said to be; null when that isn't said. */
  readonly promised?: string | null;
}

/** Weight files that are not on this machine yet: their headers are read where they are. */
export interface RemoteWeights {
  /** By name in the checkpoint's folder: where each will lie, and what is said of it. */
  readonly files: ReadonlyMap<string, { readonly path: string; readonly size: number; readonly sha256: string | null }>;
  readonly open: (name: string) => ByteSource;
}

export interface Weights {
  readonly tensors: Map<string, TensorRange>;
  readonly files: WeightFile[];
  readonly metadata: Record<string, string>;
  readonly notes: string[];
}

const indexLimit = 100_000_000;
/** What transformers looks for, in its order: one file, then shards with their index; safetensors before `.bin`. */
const standard = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json' },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json' },
] as const;
/** Endings of files of torch.save. */
const torchFile = /\.(bin|pt|pth)$/;
/** Weights in a form that this version does not read. */
const otherWeights = /\.(bin|pt|pth|ckpt|gguf|h5|msgpack|npz)$|\.index\.json$/;
const notWeights = /^(training_args|optimizer|scheduler|rng_state.*|trainer_state)\.|^tokenizer|^adapter_model\./;

/** Whether a folder with these names of files and folders holds model weights in any form, readable here or not. */
export function holdsWeights(names: readonly string[]): boolean {
  return (
    names.some((name) => name.endsWith('.safetensors') || isOtherWeights(name)) ||
    foreignForm(names)?.exported === false
  );
}

function isOtherWeights(name: string): boolean {
  return otherWeights.test(name) && !notWeights.test(name);
}

/** Finds the weight files among a folder's file names and reads their headers. `folders`: names of its subfolders, for errors. */
export async function readWeights(
  folder: string,
  names: readonly string[],
  folders: readonly string[] = [],
  remote: RemoteWeights | null = null,
): Promise<Weights> {
  for (const { single, index } of standard) {
    if (names.includes(single)) return readFiles(folder, [single], null, remote);
    if (names.includes(index)) return readShards(folder, names, index, remote);
  }
  const others = names.filter((name) => name.endsWith('.safetensors') && !notWeights.test(name));
  if (others.length === 1) return readFiles(folder, others, null, remote);
  if (others.length > 1) {
    const { single, index } = standard[0];
    const found = `${others.length} safetensors files (${some(others)})`;
    throw refuse(
      folder,
      `which file holds the weights is unclear, got ${found} and no ${index} (expected ${single}, or shards with their index)`,
    );
  }
  const foreign = foreignForm([...names, ...folders]);
  if (foreign) {
    const { what, found, advice } = foreign;
    throw refuse(folder, `${what}, got ${some(found)} (expected safetensors or pytorch_model.bin); ${advice}`);
  }
  const unreadable = names.filter(isOtherWeights);
  // The same file under another name.
  if (unreadable.length === 1 && torchFile.test(unreadable[0]!)) return readFiles(folder, unreadable, null, remote);
  if (unreadable.length > 0) {
    const advice = 'save the model again with `save_pretrained(FOLDER)` in Python';
    throw refuse(
      folder,
      `weights in a form that this version does not read, got ${some(unreadable)} ` +
        `(expected safetensors or pytorch_model.bin); ${advice}`,
    );
  }
  const got = names.length === 0 ? 'an empty folder' : `${names.length} files (${some(names)})`;
  throw refuse(
    folder,
    `no weights, got ${got} (expected model.safetensors or pytorch_model.bin; still being written?)`,
  );
}

const indexSchema = z.looseObject({
  metadata: z.looseObject({ total_size: z.number().optional() }).optional(),
  weight_map: z.record(z.string(), z.string()),
});

async function readShards(
  folder: string,
  names: readonly string[],
  index: string,
  remote: RemoteWeights | null,
): Promise<Weights> {
  const path = join(folder, index);
  const parsed = indexSchema.safeParse(await readJson(path, indexLimit));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw refuse(path, `${issue.path.join('.') || 'the file'} is not an index of shards: ${issue.message}`);
  }
  const map = new Map(Object.entries(parsed.data.weight_map));
  const shards = [...new Set(map.values())].sort();
  if (shards.length === 0) throw refuse(path, 'names no shard (expected weight_map: { TENSOR: FILE })');
  for (const shard of shards) {
    // Untrusted bytes name files here: only a plain name beside the index is followed.
    if (shard === '' || shard === '.' || shard === '..' || /[/\\\0]/.test(shard) || /^[a-z]:/i.test(shard)) {
      throw refuse(
        path,
        `shard ${JSON.stringify(shard)} is not in the folder (expected the name of a file beside the index)`,
      );
    }
  }
  const missing = shards.filter((shard) => !names.includes(shard));
  if (missing.length > 0) {
    throw refuse(
      folder,
      `shards missing, got ${shards.length - missing.length} of ${shards.length} (${some(missing)} not there; download or copy them again)`,
    );
  }
  const weights = await readFiles(folder, shards, path, remote);
  for (const [tensor, shard] of map) {
    const found = weights.tensors.get(tensor);
    if (!found) throw refuse(path, `tensor ${tensor} is not in its shard ${shard}`);
    const file = weights.files.find(({ name }) => name === shard)!;
    if (found.file !== file.path)
      throw refuse(path, `tensor ${tensor} is not in its shard ${shard}, it is in ${found.file}`);
  }
  const unlisted = [...weights.tensors.keys()].filter((tensor) => !map.has(tensor));
  if (unlisted.length > 0) {
    weights.notes.push(`${unlisted.length} tensors are in the shards but not in ${index} (${some(unlisted)})`);
  }
  return weights;
}

/** Headers of the files, merged. `path`: what a tensor found twice is blamed on. */
export async function readFiles(
  folder: string,
  names: readonly string[],
  path: string | null,
  remote: RemoteWeights | null = null,
): Promise<Weights> {
  const tensors = new Map<string, TensorRange>();
  const files: WeightFile[] = [];
  const metadata: Record<string, string> = {};
  const notes: string[] = [];
  for (const name of names) {
    const there = remote?.files.get(name);
    const identity = there
      ? { path: there.path, size: there.size, mtimeNs: '0', inode: '0' }
      : await identify(join(folder, name));
    files.push({ name, ...identity, ...(there ? { promised: there.sha256 } : {}) });
    const header = there
      ? await parseHeader(remote!.open(name), name)
      : await readHeader(join(folder, name), identity.path);
    Object.assign(metadata, header.metadata);
    notes.push(...header.notes);
    for (const [tensor, { dtype, shape, start, end }] of header.tensors) {
      const before = tensors.get(tensor);
      if (before) {
        const first = files.find((file) => file.path === before.file)!.name;
        throw refuse(path ?? folder, `tensor ${tensor} is in two shards, ${first} and ${name} (expected one)`);
      }
      tensors.set(tensor, { name: tensor, file: identity.path, dtype, shape, offset: start, byteLength: end - start });
    }
  }
  if (tensors.size === 0) throw refuse(join(folder, names[0]!), 'holds no tensor (expected weights)');
  return { tensors, files, metadata, notes };
}

interface Header extends SafetensorsHeader {
  readonly notes: readonly string[];
}

/** The header by the real path, while errors keep the name that the user knows. The name's ending tells the format. */
async function readHeader(shown: string, real: string): Promise<Header> {
  const file = await FileSource.open(real);
  const source = { name: shown, byteLength: file.byteLength, read: file.read.bind(file) };
  try {
    return await parseHeader(source, shown);
  } finally {
    await file.close();
  }
}

async function parseHeader(source: ByteSource, name: string): Promise<Header> {
  if (torchFile.test(name)) return { metadata: {}, ...(await readTorchFile(source)) };
  return { notes: [], ...(await readSafetensorsHeader(source)) };
}

function some(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function refuse(subject: string, what: string): EigentraceError {
  return new EigentraceError('input', `${subject}: ${what}`);
}
