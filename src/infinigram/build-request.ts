/** What `index build` asks for, checked and resolved: files, tokenizer, token width, size of a shard. */
import { createHash } from 'node:crypto';
import { dirname, relative } from 'node:path';
import {
  findCorpus,
  identityOf,
  openTokenizerAt,
  tokenizerLibrary,
  type CorpusFile,
  type TwoWayTokenizer,
} from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import { dtypeOf, widthOf, type TokenDtype } from './about.js';
import { layoutFor, mostTokens, mostThreads, type TokenWidth } from './kernel/layout.js';

export interface BuildRequest {
  /** CORPUS (interface.md). */
  readonly corpus: string;
  /** A tokenizer.json, or the folder of one. */
  readonly tokenizer: string;
  /** The folder of the index. */
  readonly out: string;
  /** Text field of jsonl and parquet rows. Default `text`. */
  readonly field?: string;
  /** Default: u16 where the vocabulary fits beside the separator, else u32. */
  readonly dtype?: TokenDtype | null;
  /** Bytes that sorting may take: it bounds the shards. Default: half of what is free. */
  readonly memory?: number | null;
  /** Most tokens of a shard, beside what the memory allows. */
  readonly shardTokens?: number | null;
  /** Default 2. */
  readonly threads?: number;
  /** Leave the rows of metadata out. */
  readonly skipMetadata?: boolean;
  /** Build anew where an index of something else is. */
  readonly force?: boolean;
}

export interface Resolved {
  readonly corpus: {
    readonly name: string;
    readonly files: readonly (CorpusFile & { label: string; bytes: number })[];
  };
  readonly tokenizer: TwoWayTokenizer;
  readonly width: TokenWidth;
  readonly field: string;
  readonly threads: number;
  readonly shardTokens: number;
  /** Equal for requests that make the same texts. */
  readonly hash: string;
}

export async function resolveBuild(request: BuildRequest): Promise<Resolved> {
  const { field = 'text', threads = 2 } = request;
  if (field === '') throw new EigentraceError('usage', '--field: got an empty name (expected the field of the text)');
  if (!Number.isInteger(threads) || threads < 1) {
    throw new EigentraceError('usage', `--threads: got ${threads} (expected a whole number ≥ 1)`);
  }
  const tokenizer = await openTokenizerAt(request.tokenizer);
  const width = widthFor(tokenizer, request.dtype ?? null);
  const { name, files } = await findCorpus(request.corpus);
  const top = commonFolder(files);
  const found = [];
  const seen = [];
  for (const file of files) {
    const { size, mtimeNs } = await identityOf(file);
    const label = relative(top, file.path).replaceAll('\\', '/');
    found.push({ ...file, label, bytes: size });
    seen.push([label, size, mtimeNs]);
  }
  const key = [
    1,
    tokenizer.sha256,
    tokenizerLibrary,
    process.versions.unicode,
    field,
    width,
    !request.skipMetadata,
    seen,
  ];
  return {
    corpus: { name, files: found },
    tokenizer,
    width,
    field,
    threads: Math.min(threads, mostThreads),
    shardTokens: shardTokensFor(request, width, Math.min(threads, mostThreads)),
    hash: createHash('sha256').update(JSON.stringify(key)).digest('hex'),
  };
}

/** The largest id of a width is the separator. */
function widthFor(tokenizer: TwoWayTokenizer, dtype: TokenDtype | null): TokenWidth {
  const { name, vocabularySize: size } = tokenizer;
  const width = dtype === null ? (size <= 65535 ? 2 : 4) : widthOf[dtype];
  if (size <= 256 ** width - 1) return width;
  const message = `tokenizer ${name}: its vocabulary does not fit ${dtypeOf(width)}, got ${size} ids (expected at most ${256 ** width - 1}, one being the separator); use --dtype u32`;
  throw new EigentraceError('usage', message);
}

function shardTokensFor({ memory, shardTokens }: BuildRequest, width: TokenWidth, threads: number): number {
  const available = memory ?? Math.floor(process.availableMemory() / 2);
  const most = mostTokens(available, width, threads);
  if (most < 1) {
    const least = Math.ceil(layoutFor(1000, width, threads).bytes / 2 ** 20) + 1;
    throw new EigentraceError(
      'usage',
      `--memory: too little to sort a shard, got ${available} bytes (expected ${least} MiB at least)`,
    );
  }
  return Math.min(most, shardTokens ?? Infinity);
}

/** The folder above all files: paths in the metadata are below it. */
function commonFolder(files: readonly CorpusFile[]): string {
  let folder = dirname(files[0]!.path);
  while (files.some(({ path }) => relative(folder, path).startsWith('..')) && dirname(folder) !== folder) {
    folder = dirname(folder);
  }
  return folder;
}
