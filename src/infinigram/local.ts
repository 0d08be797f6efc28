/**
 * An index on this machine, of any number of shards that are asked as one. Tables and texts are read by position through
 * a bounded cache of pages: no file is held whole. What is counted is exact.
 */
import { createHash } from 'node:crypto';
import { list, kindOf, PageCache } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { aboutName, dtypeOf, readAbout, widthOf, type About } from './about.js';
import type {
  CountAnswer,
  InfgramNtdAnswer,
  InfgramProbAnswer,
  InfinigramIndex,
  InfinigramInfo,
  NtdAnswer,
  NtdOptions,
  ProbAnswer,
  TokenIds,
} from './infinigram.js';
import { idBytes, withId } from './query-ids.js';
import { Shard, type Segment } from './shard.js';

export interface OpenIndexOptions {
  /** Bytes of pages in memory. Default 64 MiB. */
  readonly cacheBytes?: number;
}

/** Opens an index folder, made by `index build` or by infini-gram (version 4). Sizes are checked, contents are not. */
export async function openIndex(folder: string, options: OpenIndexOptions = {}): Promise<LocalIndex> {
  const about = await readAbout(folder);
  checkFinished(folder, about);
  const numbers = await shardNumbers(folder);
  checkComplete(folder, about, numbers);
  const cache = new PageCache(options.cacheBytes);
  const shards: Shard[] = [];
  try {
    for (const number of numbers) {
      const width = about ? widthOf[about.dtype] : (shards[0]?.width ?? null);
      shards.push(await Shard.open(folder, number, width, cache));
    }
    return new LocalIndex(folder, shards, about);
  } catch (error) {
    for (const shard of shards) shard.close();
    throw error;
  }
}

/** Numbers of the shards in a folder, 0 … n − 1. */
async function shardNumbers(folder: string): Promise<number[]> {
  const kind = await kindOf(folder);
  if (kind !== 'folder') {
    const what = kind === null ? 'no such folder' : 'is a file';
    throw new EigentraceError('input', `index ${folder}: ${what} (expected a folder that index build made)`);
  }
  const names = (await list(folder)).map(({ name }) => name);
  const numbers = names.flatMap((name) => /^(?:tokenized|table|offset)\.(\d{1,6})$/.exec(name)?.[1] ?? []).map(Number);
  const last = Math.max(-1, ...numbers);
  if (last < 0) {
    const other = names.find((name) => /^text_(data|meta)/.test(name));
    const got = other === undefined ? 'no tokenized.0' : `${other}, which belongs to a version 6 index`;
    throw new EigentraceError(
      'input',
      `index ${folder}: is no ∞-gram index of version 4, got ${got} (expected tokenized.0, table.0, offset.0)`,
    );
  }
  for (let number = 0; number <= last; number++) {
    for (const kind of ['tokenized', 'table', 'offset']) {
      if (names.includes(`${kind}.${number}`)) continue;
      const message = `index ${folder}: ${kind}.${number} is missing (expected all files of shards 0..${last}); copy it, or build the index again`;
      throw new EigentraceError('integrity', message);
    }
  }
  return Array.from({ length: last + 1 }, (_, number) => number);
}

function checkFinished(folder: string, about: About | null): void {
  if (!about || about.complete) return;
  const message = `index ${folder}: is not finished, got ${about.shards.length} tokenised shards of a stopped build; run the same index build again, it goes on`;
  throw new EigentraceError('input', message);
}

function checkComplete(folder: string, about: About | null, numbers: readonly number[]): void {
  if (!about) return;
  if (about.shards.length === numbers.length) return;
  const got = `got ${numbers.length} of the ${about.shards.length} that ${aboutName} names`;
  throw new EigentraceError(
    'integrity',
    `index ${folder}: shards are missing, ${got}; copy them, or build the index again`,
  );
}

export class LocalIndex implements InfinigramIndex {
  readonly folder: string;
  readonly info: InfinigramInfo;
  readonly about: About | null;
  readonly shards: readonly Shard[];
  readonly #tokens: number;

  constructor(folder: string, shards: readonly Shard[], about: About | null) {
    this.folder = folder;
    this.shards = shards;
    this.about = about;
    this.#tokens = shards.reduce((sum, shard) => sum + shard.tokens, 0);
    this.info = {
      name: folder,
      tokens: this.#tokens,
      documents: shards.reduce((sum, shard) => sum + shard.documents, 0),
      shards: shards.length,
      dtype: dtypeOf(shards[0]!.width),
      tokenizerSha256: about?.tokenizer.sha256 ?? null,
      identity: identityOf(shards),
    };
  }

  /** Bytes of a token. */
  get width(): 1 | 2 | 4 {
    return this.shards[0]!.width;
  }

  /** Where the ids occur, a shard each. */
  segments(ids: TokenIds): Segment[] {
    return this.#find(idBytes(ids, this.width));
  }

  count(ids: TokenIds): Promise<CountAnswer> {
    return settled(() => ({ count: total(this.segments(ids)), approx: false }));
  }

  prob(prompt: TokenIds, continuation: number): Promise<ProbAnswer> {
    return settled(() => {
      const bytes = idBytes(prompt, this.width);
      return this.#continued(this.#find(bytes), bytes, continuation);
    });
  }

  infgramProb(prompt: TokenIds, continuation: number): Promise<InfgramProbAnswer> {
    return settled(() => {
      const { bytes, segments, length } = this.#longest(prompt);
      return { ...this.#continued(segments, bytes, continuation), suffix_len: length };
    });
  }

  ntd(prompt: TokenIds, options: NtdOptions = {}): Promise<NtdAnswer> {
    return settled(() => {
      const bytes = idBytes(prompt, this.width);
      return this.#following(this.#find(bytes), bytes.length, options);
    });
  }

  infgramNtd(prompt: TokenIds, options: NtdOptions = {}): Promise<InfgramNtdAnswer> {
    return settled(() => {
      const { bytes, segments, length } = this.#longest(prompt);
      return { ...this.#following(segments, bytes.length, options), suffix_len: length };
    });
  }

  close(): Promise<void> {
    return settled(() => {
      for (const shard of this.shards) shard.close();
    });
  }

  #find(bytes: Uint8Array): Segment[] {
    return this.shards.map((shard) => (bytes.length === 0 ? shard.whole : shard.find(bytes)));
  }

  #continued(segments: readonly Segment[], bytes: Uint8Array, continuation: number): ProbAnswer {
    const longer = withId(bytes, continuation, this.width);
    const prompt = total(segments);
    let continued = 0;
    segments.forEach((segment, i) => {
      // After nothing any token may come: found by the memory of first tokens.
      const shard = this.shards[i]!;
      const found = bytes.length === 0 ? shard.find(longer) : shard.within(segment, longer, bytes.length);
      continued += found.to - found.from;
    });
    return { prompt_cnt: prompt, cont_cnt: continued, prob: prompt === 0 ? -1 : continued / prompt };
  }

  /** The longest suffix of the prompt that occurs: where, and its bytes. */
  #longest(prompt: TokenIds): { bytes: Uint8Array; segments: Segment[]; length: number } {
    const bytes = idBytes(prompt, this.width);
    const suffix = (length: number): Uint8Array => bytes.subarray(bytes.length - length * this.width);
    // A suffix of one that occurs occurs too: the length is bracketed by doubling, then halved.
    let length = 0;
    let segments = this.#find(suffix(0));
    let above = prompt.length + 1;
    for (let tried = 1; above - length > 1;) {
      const found = this.#find(suffix(tried));
      if (total(found) > 0) [length, segments] = [tried, found];
      else above = tried;
      tried = above > prompt.length ? Math.min(2 * length, prompt.length) : Math.floor((length + above) / 2);
      if (tried <= length) tried = length + 1;
    }
    return { bytes: suffix(length), segments, length };
  }

  #following(segments: readonly Segment[], length: number, { maxSupport = null }: NtdOptions): NtdAnswer {
    const prompt = total(segments);
    const counts = new Map<number, number>();
    const add = (token: number, count: number) => counts.set(token, (counts.get(token) ?? 0) + count);
    const sampled = maxSupport !== null && prompt > maxSupport;
    if (sampled) {
      // As many stretches of occurrences as may be looked at; the one in the middle stands for its stretch.
      const edge = (i: number): number => Math.floor((i * prompt) / maxSupport);
      let start = 0;
      let next = 0;
      segments.forEach(({ from, to }, i) => {
        const shard = this.shards[i]!;
        for (; next < maxSupport; next++) {
          const place = Math.floor((edge(next) + edge(next + 1)) / 2) - start;
          if (place >= to - from) break;
          const at = shard.pointerAt(from + place) + length;
          if (at < shard.text.byteLength) add(shard.tokenAt(at), edge(next + 1) - edge(next));
        }
        start += to - from;
      });
    } else segments.forEach((segment, i) => this.shards[i]!.following(segment, length, add));
    const result: Record<number, { cont_cnt: number; prob: number }> = {};
    for (const token of [...counts.keys()].sort((a, b) => a - b)) {
      const count = counts.get(token)!;
      result[token] = { cont_cnt: count, prob: count / prompt };
    }
    return { prompt_cnt: prompt, result_by_token_id: result, approx: sampled };
  }
}

function total(segments: readonly Segment[]): number {
  return segments.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The work is synchronous (see PagedFile); what it throws must come as a rejection. */
function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/** sha256 over the sizes of the shards and 64 pieces of each text and table, evenly spread: no index is read whole. */
function identityOf(shards: readonly Shard[]): string {
  const hash = createHash('sha256');
  for (const { text, table, width } of shards) {
    for (const file of [text, table]) {
      hash.update(`${width} ${file.byteLength}\n`);
      const size = Math.min(512, file.byteLength);
      for (let i = 0; i < 64; i++) {
        const start = Math.floor(((file.byteLength - size) * i) / 63);
        hash.update(file.bytes(start, start + size));
      }
    }
  }
  return hash.digest('hex');
}
