/**
 * One shard of an index: its files, opened and held against each other, and the binary searches in its table. A segment
 * is a range of ranks [from, to) of the table: the suffixes that begin with the same tokens.
 */
import { kindOf, PagedFile, type PageCache } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { TokenWidth } from './kernel/layout.js';
import { pointerWidth } from './sort.js';

export interface Segment {
  readonly from: number;
  readonly to: number;
}

/** First tokens whose segments are remembered, a shard. */
const remembered = 65536;

export class Shard {
  readonly number: number;
  readonly width: TokenWidth;
  readonly tokens: number;
  readonly documents: number;
  readonly pointer: number;
  readonly text: PagedFile;
  readonly table: PagedFile;
  readonly offsets: PagedFile;
  /** Rows of metadata and where each begins; null where the index has none. */
  readonly metadata: { readonly rows: PagedFile; readonly offsets: PagedFile } | null;
  readonly #first = new Map<number, Segment>();

  private constructor(number: number, width: TokenWidth, files: Files) {
    this.number = number;
    this.width = width;
    this.text = files.text;
    this.table = files.table;
    this.offsets = files.offsets;
    this.metadata = files.metadata;
    this.tokens = this.text.byteLength / width;
    this.pointer = pointerWidth(this.text.byteLength);
    this.documents = this.offsets.byteLength / 8;
  }

  /** Opens and checks sizes; `width` is known from the index, or told by them. */
  static async open(folder: string, number: number, width: TokenWidth | null, cache: PageCache): Promise<Shard> {
    const opened: PagedFile[] = [];
    const open = (name: string): PagedFile => {
      const file = PagedFile.open(`${folder}/${name}.${number}`, cache);
      opened.push(file);
      return file;
    };
    try {
      const files = { text: open('tokenized'), table: open('table'), offsets: open('offset'), metadata: null };
      const found = checkedWidth(files, width);
      const has = async (name: string): Promise<boolean> => (await kindOf(`${folder}/${name}.${number}`)) !== null;
      const [rows, rowOffsets] = [await has('metadata'), await has('metaoff')];
      if (rows !== rowOffsets) {
        const [there, absent] = rows ? ['metadata', 'metaoff'] : ['metaoff', 'metadata'];
        const message = `index ${folder}: ${absent}.${number} is missing beside ${there}.${number} (expected both or neither)`;
        throw new EigentraceError('input', message);
      }
      const metadata = rows ? { rows: open('metadata'), offsets: open('metaoff') } : null;
      if (metadata && metadata.offsets.byteLength !== files.offsets.byteLength) {
        throw sizeError(metadata.offsets, files.offsets.byteLength, `as ${files.offsets.name}: 8 a document`);
      }
      return new Shard(number, found, { ...files, metadata });
    } catch (error) {
      for (const file of opened) file.close();
      throw error;
    }
  }

  get whole(): Segment {
    return { from: 0, to: this.tokens };
  }

  /** Byte offset in the text of the suffix of a rank. */
  pointerAt(rank: number): number {
    const offset = this.table.number(rank * this.pointer, this.pointer);
    if (offset < this.text.byteLength && offset % this.width === 0) return offset;
    const expected = `a multiple of ${this.width} below ${this.text.byteLength}`;
    throw new EigentraceError(
      'integrity',
      `${this.table.name}: pointer ${rank} is out of range, got ${offset} (expected ${expected}): the file is damaged; build the index again`,
    );
  }

  /** The token at a byte offset of the text. */
  tokenAt(offset: number): number {
    return this.text.number(offset, this.width);
  }

  /** The suffixes that begin with `wanted`, whole tokens as bytes, at least one. */
  find(wanted: Uint8Array): Segment {
    const first = new DataView(wanted.buffer, wanted.byteOffset);
    const token =
      this.width === 1 ? first.getUint8(0) : this.width === 2 ? first.getUint16(0, true) : first.getUint32(0, true);
    let segment = this.#first.get(token);
    if (!segment) {
      segment = this.within(this.whole, wanted.subarray(0, this.width), 0);
      if (this.#first.size < remembered) this.#first.set(token, segment);
    }
    return wanted.length === this.width ? segment : this.within(segment, wanted, this.width);
  }

  /** Of the suffixes of a segment, which agree with `wanted` in its first `known` bytes, those that begin with it. */
  within({ from, to }: Segment, wanted: Uint8Array, known: number): Segment {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const order = this.text.compare(this.pointerAt(middle), wanted, known);
      if (order < 0) low = middle + 1;
      else if (order > 0) high = middle;
      else {
        return {
          from: this.#bound(low, middle, wanted, known, -1),
          to: this.#bound(middle + 1, high, wanted, known, 0),
        };
      }
    }
    return { from: low, to: low };
  }

  /** The first rank of [low, high) whose suffix compares with `wanted` above `most`; `high` when there is none. */
  #bound(low: number, high: number, wanted: Uint8Array, known: number, most: -1 | 0): number {
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const order = this.text.compare(this.pointerAt(middle), wanted, known);
      if (order < 0 || (most === 0 && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Calls `each` with what follows the `length` bytes that a segment's suffixes share, and how often. */
  following({ from, to }: Segment, length: number, each: (token: number, count: number) => void): void {
    let rank = from;
    while (rank < to) {
      const at = this.pointerAt(rank) + length;
      if (at >= this.text.byteLength) {
        // The end of the text: it sorts first, and there is one.
        rank++;
        continue;
      }
      const token = this.text.bytes(at, at + this.width);
      // Rarely many: the end is looked for in doubling steps.
      let step = 1;
      let low = rank + 1;
      while (low + step <= to && this.#follows(low + step - 1, length, token)) {
        low += step;
        step *= 2;
      }
      let high = Math.min(to, low + step - 1);
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (this.#follows(middle, length, token)) low = middle + 1;
        else high = middle;
      }
      each(this.tokenAt(at), low - rank);
      rank = low;
    }
  }

  #follows(rank: number, length: number, token: Uint8Array): boolean {
    return this.text.compare(this.pointerAt(rank) + length, token) === 0;
  }

  close(): void {
    for (const file of [this.text, this.table, this.offsets, this.metadata?.rows, this.metadata?.offsets])
      file?.close();
  }
}

interface Files {
  text: PagedFile;
  table: PagedFile;
  offsets: PagedFile;
  metadata: Shard['metadata'];
}

/** The bytes of a token: the table has one pointer a token, and a pointer is as wide as the text is long. */
function checkedWidth({ text, table, offsets }: Files, told: TokenWidth | null): TokenWidth {
  const pointer = pointerWidth(text.byteLength);
  const expected = (width: number): number => (text.byteLength / width) * pointer;
  const widths = told === null ? ([2, 4, 1] as const) : [told];
  const width = widths.find((candidate) => expected(candidate) === table.byteLength);
  if (text.byteLength === 0) throw sizeError(text, widths[0], 'at least one token');
  if (width === undefined) {
    const near = widths.toSorted(
      (a, b) => Math.abs(expected(a) - table.byteLength) - Math.abs(expected(b) - table.byteLength),
    )[0]!;
    // Of the two it is the shorter that has lost something.
    if (table.byteLength > Math.max(...widths.map(expected)))
      throw sizeError(text, 'more', `a token for each pointer in the ${table.byteLength} bytes of ${table.name}`);
    const why = `${pointer} for each token of ${near} in the ${text.byteLength} bytes of ${text.name}`;
    throw sizeError(table, Math.floor(expected(near)), why);
  }
  if (offsets.byteLength === 0 || offsets.byteLength % 8 !== 0) throw sizeError(offsets, 8, '8 a document');
  return width;
}

function sizeError({ name, byteLength }: PagedFile, expected: number | 'more', why: string): EigentraceError {
  const message = `${name}: is cut short, or of another index, got ${byteLength} bytes (expected ${expected}: ${why}); copy or build the index again`;
  return new EigentraceError('integrity', message);
}
