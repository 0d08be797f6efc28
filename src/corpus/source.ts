/**
 * What a CORPUS is on disk: one file, a folder or a glob of files, or the bundled sample, as a sorted list of
 * files with their formats. Order is by path below the folder, by code unit (`part-10` before `part-2`), so that
 * row numbers are the same on every machine.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { FileSource, identify, kindOf, list, sampleFile, type ByteSource, type FileIdentity } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';

export type CorpusFormat = 'txt' | 'jsonl' | 'parquet';

export interface CorpusFile {
  /** Absolute path, or the name of a file on the Hub. */
  readonly path: string;
  readonly format: CorpusFormat;
  /** Compressed as a whole with gzip (`.gz`). */
  readonly gzip: boolean;
  /** Of a file on the Hub, which is read where it is; absent for files here. */
  readonly remote?: {
    readonly size: number;
    /** Of its content. */
    readonly oid: string;
    open(signal?: AbortSignal): Promise<OpenSource>;
  };
}

/** Bytes of a file, to be closed. */
export type OpenSource = ByteSource & { close(): Promise<void> };

export interface CorpusFiles {
  /** What tables and records call it: the last part of a path, a glob as given, or `sample:`. */
  readonly name: string;
  /** At least one, in row order. */
  readonly files: readonly CorpusFile[];
}

const kinds = '.txt, .txt.gz, .jsonl, .jsonl.gz or .parquet';
const expected = `${kinds}, a folder or glob of those, sample:, or hf:ORG/NAME[:CONFIG[:SPLIT]]`;

/** The bundled held-out passages; the package's `sample/` lies two folders above this module in source and build. */
export function sampleCorpusPath(): string {
  return sampleFile('corpus/heldout.jsonl');
}

/** Finds the files of a corpus. Errors when there are none, naming what was looked for. */
export async function findCorpus(spec: string): Promise<CorpusFiles> {
  if (spec === 'sample:') return { name: spec, files: [corpusFile(sampleCorpusPath())!] };
  if (spec.startsWith('hf:')) return { name: spec, files: await hubFiles(spec) };
  const path = resolve(spec);
  const kind = spec === '' ? null : await kindOf(path);
  if (kind === 'file') {
    const file = corpusFile(path);
    if (!file) throw new EigentraceError('input', `corpus ${spec}: unknown format (expected ${expected})`);
    return { name: basename(path), files: [file] };
  }
  if (kind === 'folder') {
    const files = await filesBelow(path, new Set());
    if (files.length > 0) return { name: basename(path), files };
    throw new EigentraceError('input', `corpus ${spec}: no corpus files in this folder (expected ${kinds})`);
  }
  if (!/[*?[\]{}()!]/.test(spec)) throw await missing(spec, path);
  const matches = await glob(spec, { absolute: true, onlyFiles: true, expandDirectories: false });
  const files = matches.flatMap((match) => (isHidden(basename(match)) ? [] : (corpusFile(resolve(match)) ?? [])));
  if (files.length > 0) return { name: spec, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
  const what = matches.length > 0 ? `matches no corpus files, got ${basename(matches[0]!)}` : 'matches no file';
  throw new EigentraceError('input', `corpus ${spec}: the glob ${what} (expected ${kinds})`);
}

/** Opens a file, wherever it is. */
export function openFile({ path, remote }: CorpusFile, signal?: AbortSignal): Promise<OpenSource> {
  return remote ? remote.open(signal) : FileSource.open(path);
}

/** What tells one state of a file from another without reading it; a file on the Hub is its content's hash. */
export function identityOf({ path, remote }: CorpusFile): Promise<FileIdentity> {
  if (!remote) return identify(path);
  return Promise.resolve({ path, size: remote.size, mtimeNs: '0', inode: remote.oid });
}

/** The parquet files of `hf:ORG/NAME[:CONFIG[:SPLIT]]`; the split is `train` where none is said. */
async function hubFiles(spec: string): Promise<CorpusFile[]> {
  const [, id, config, split] = /^hf:([\w.-]+\/[\w.-]+)(?::([^:]*)(?::([^:]+))?)?$/.exec(spec) ?? [];
  if (id === undefined) {
    const message = `corpus ${spec}: is no data set of the Hub (expected hf:ORG/NAME, hf:ORG/NAME:CONFIG or hf:ORG/NAME:CONFIG:SPLIT)`;
    throw new EigentraceError('usage', message);
  }
  const { listDatasetSplit } = await import('../hub/index.js');
  const files = await listDatasetSplit({ id, config: config ? config : null, split: split ?? 'train' });
  return files.map((file) => ({
    ...{ path: file.name, format: 'parquet', gzip: false },
    remote: { size: file.size, oid: file.oid, open: (signal) => file.open(signal) },
  }));
}

function corpusFile(path: string): CorpusFile | null {
  const match = /\.(?:(txt|jsonl)(\.gz)?|(parquet))$/.exec(path.toLowerCase());
  if (!match) return null;
  return { path, format: (match[1] ?? match[3]) as CorpusFormat, gzip: match[2] !== undefined };
}

/** Hidden files, and the leftovers of editors, downloads and unfinished jobs. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('~') || name.startsWith('_temporary');
}

/** `seen` holds real paths, so that a link to a folder above does not repeat it for ever. */
async function filesBelow(folder: string, seen: Set<string>): Promise<CorpusFile[]> {
  const { path: real } = await identify(folder);
  if (seen.has(real)) return [];
  seen.add(real);
  const found: CorpusFile[] = [];
  for (const { name, kind } of await list(folder)) {
    if (isHidden(name)) continue;
    const path = join(folder, name);
    if (kind === 'folder') found.push(...(await filesBelow(path, seen)));
    else found.push(...[corpusFile(path)].filter((file) => file !== null));
  }
  return found;
}

async function missing(spec: string, path: string): Promise<EigentraceError> {
  const folder = dirname(path);
  const there = (await kindOf(folder)) === 'folder' ? (await list(folder)).map(({ name }) => name) : [];
  // An empty name has no neighbours: its folder would be the one above.
  const close = nearest(
    basename(path),
    there.filter((name) => corpusFile(name)),
  );
  const hint = spec !== '' && close.length > 0 ? `; in that folder: ${close.join(', ')}` : '';
  return new EigentraceError('input', `corpus ${spec}: no such file or folder (expected ${expected})${hint}`);
}
