/**
 * `index verify`: whether an index's files hold together. Always: sizes (on opening), every document's offset and row of
 * metadata. Of the table: that pointers lie in the text, no pointer occurs twice, and neighbours are in order; in 10,000
 * places evenly spread, or, `deep`, in all of them, with the texts' hashes where they are known.
 */
import { FileSource, sha256File } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { openIndex, type LocalIndex, type OpenIndexOptions } from './local.js';
import type { Shard } from './shard.js';

export interface VerifyIndexOptions extends OpenIndexOptions {
  readonly deep?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

export interface IndexProblem {
  readonly file: string;
  readonly message: string;
}

export interface IndexVerification {
  readonly folder: string;
  readonly ok: boolean;
  readonly deep: boolean;
  readonly shards: number;
  /** Neighbours of tables that were compared. */
  readonly compared: number;
  readonly problems: readonly IndexProblem[];
}

/** Places of a table that are looked at when not all are. */
const sampled = 10_000;
/** Problems of one kind that are listed, a file. */
const listed = 3;
const pieceBytes = 1 << 20;

export async function verifyIndex(folder: string, options: VerifyIndexOptions = {}): Promise<IndexVerification> {
  const { deep = false } = options;
  let index: LocalIndex;
  try {
    index = await openIndex(folder, options);
  } catch (error) {
    // What can't be opened is found out; that there is nothing, or nothing finished, is no finding.
    if (!(error instanceof EigentraceError) || error.code !== 'integrity') throw error;
    return { folder, ok: false, deep, shards: 0, compared: 0, problems: [{ file: folder, message: error.message }] };
  }
  try {
    const check = new Check(index, options);
    for (const shard of index.shards) await check.shard(shard);
    const { problems, compared } = check;
    return { folder, ok: problems.length === 0, deep, shards: index.shards.length, compared, problems };
  } finally {
    await index.close();
  }
}

class Check {
  readonly problems: IndexProblem[] = [];
  compared = 0;
  readonly #index: LocalIndex;
  readonly #options: VerifyIndexOptions;
  readonly #counts = new Map<string, number>();
  #done = 0;

  constructor(index: LocalIndex, options: VerifyIndexOptions) {
    this.#index = index;
    this.#options = options;
  }

  async shard(shard: Shard): Promise<void> {
    await this.#offsets(shard);
    await this.#table(shard);
    const known = this.#index.about?.shards[shard.number];
    if (!known) return;
    const { name } = shard.text;
    if (known.tokens !== shard.tokens || known.documents !== shard.documents) {
      const got = `got ${shard.tokens} tokens and ${shard.documents} documents`;
      this.#add(name, `is not the text that was built, ${got} (expected ${known.tokens} and ${known.documents})`);
    } else if (this.#options.deep) {
      const sha256 = await sha256File(name, this.#options.signal);
      if (sha256 !== known.sha256)
        this.#add(name, `has changed since it was built, got sha256 ${sha256} (expected ${known.sha256})`);
    }
  }

  /** Documents begin at 0 and rise, each at a separator; rows of metadata likewise, each ending in a line feed. */
  async #offsets({ offsets, text, width, metadata }: Shard): Promise<void> {
    const separator = 256 ** width - 1;
    await this.#rising(offsets.name, text.byteLength, (at) => {
      if (at % width !== 0) return `is no multiple of ${width}`;
      const token = text.number(at, width);
      return token === separator ? null : `is no separator, got token ${token}`;
    });
    if (!metadata) return;
    const { rows } = metadata;
    await this.#rising(metadata.offsets.name, rows.byteLength, (at) =>
      at === 0 || rows.byte(at - 1) === 0x0a ? null : 'does not follow the end of a line',
    );
    if (rows.byte(rows.byteLength - 1) !== 0x0a) this.#add(rows.name, 'its last row does not end');
  }

  async #rising(name: string, below: number, wrong: (at: number) => string | null): Promise<void> {
    let before = -1;
    let document = 0;
    for await (const at of numbers(name, 8, this.#options.signal)) {
      const what = `document ${document}`;
      if (document === 0 && at !== 0) this.#add(name, `${what} begins at byte ${at} (expected 0)`);
      else if (at >= below) this.#add(name, `${what} begins outside, got byte ${at} (expected below ${below})`);
      else if (at <= before) this.#add(name, `${what} begins at byte ${at}, not after the one before (${before})`);
      else {
        const reason = wrong(at);
        if (reason !== null) this.#add(name, `${what}: byte ${at} ${reason}`);
      }
      before = at;
      document++;
    }
  }

  async #table(shard: Shard): Promise<void> {
    const { deep = false, signal, onProgress } = this.#options;
    const { tokens, table } = shard;
    const all = deep || tokens <= sampled;
    const places = all ? tokens : sampled;
    // Which pointers were seen, a bit each: with as many as there are tokens, none twice, it is a permutation.
    const seen = all ? new Uint8Array(Math.ceil(tokens / 8)) : null;
    for (let i = 0; i < places; i++) {
      const rank = all ? i : Math.floor((i * (tokens - 1)) / (places - 1));
      if (i % 8192 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
        onProgress?.(this.#done + rank, this.#index.info.tokens!);
      }
      try {
        const at = shard.pointerAt(rank);
        if (seen) {
          const token = at / shard.width;
          if ((seen[token >> 3]! & (1 << (token & 7))) !== 0)
            this.#add(table.name, `pointer ${rank}: ${at} is there twice`);
          seen[token >> 3]! |= 1 << (token & 7);
        }
        if (rank + 1 < tokens && !isBefore(shard, at, shard.pointerAt(rank + 1))) {
          this.#add(table.name, `pointers ${rank} and ${rank + 1} are out of order`);
        }
        this.compared++;
      } catch (error) {
        if (!(error instanceof EigentraceError) || error.code !== 'integrity') throw error;
        this.#add(
          table.name,
          messageOf(error)
            .replace(`${table.name}: `, '')
            .replace(/: the file is damaged.*/, ''),
        );
      }
    }
    this.#done += tokens;
  }

  #add(file: string, message: string): void {
    const kind = `${file} ${message.replace(/\d+/g, '#')}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= listed) this.problems.push({ file, message });
    else if (count === listed + 1) this.problems.push({ file, message: 'more of that kind' });
  }
}

/** Most bytes that two suffixes are compared by: longer repeats count as in order, lest the same page again take hours. */
const compareBytes = 65536;

function isBefore({ text }: Shard, a: number, b: number): boolean {
  for (let done = 0, step = 64; done < compareBytes; done += step, step = Math.min(4096, 2 * step)) {
    const end = Math.min(text.byteLength, a + done + step);
    const order = text.compare(b + done, text.bytes(Math.min(a + done, end), end));
    if (order !== 0) return order > 0;
    // All of the first suffix is the beginning of the second.
    if (end === text.byteLength) return a > b;
  }
  return true;
}

/** The numbers of a file, of `width` bytes each, in order. */
async function* numbers(path: string, width: 8, signal?: AbortSignal): AsyncGenerator<number> {
  const source = await FileSource.open(path);
  try {
    for (let start = 0; start < source.byteLength; start += pieceBytes) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      const bytes = await source.read(start, Math.min(source.byteLength, start + pieceBytes));
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += width) yield Number(view.getBigUint64(at, true));
    }
  } finally {
    await source.close();
  }
}
