/** The texts of one shard, document by document: `tokenized`, `offset`, `metadata` and `metaoff`, whole or not at all. */
import { createHash } from 'node:crypto';
import { StagedWriter } from '../bytes/index.js';
import type { TokenWidth } from './kernel/layout.js';
import { metadataLine, type MetadataRow } from './metadata.js';

export class ShardWriter {
  readonly number: number;
  readonly width: TokenWidth;
  documents = 0;
  tokens = 0;
  readonly #text: StagedWriter;
  readonly #offsets: StagedWriter;
  readonly #metadata: { rows: StagedWriter; offsets: StagedWriter } | null;
  readonly #hash = createHash('sha256');

  private constructor(number: number, width: TokenWidth, files: StagedWriter[]) {
    const [text, offsets, rows, rowOffsets] = files;
    this.number = number;
    this.width = width;
    this.#text = text!;
    this.#offsets = offsets!;
    this.#metadata = rows && rowOffsets ? { rows, offsets: rowOffsets } : null;
  }

  static async open(folder: string, number: number, width: TokenWidth, hasMetadata: boolean): Promise<ShardWriter> {
    const names = ['tokenized', 'offset', ...(hasMetadata ? ['metadata', 'metaoff'] : [])];
    const files: StagedWriter[] = [];
    try {
      for (const name of names) files.push(await StagedWriter.open(`${folder}/${name}.${number}`));
      return new ShardWriter(number, width, files);
    } catch (error) {
      for (const file of files) await file.discard();
      throw error;
    }
  }

  /** Tokens of the text when a document of so many is added: a separator goes before each. */
  tokensWith(ids: ArrayLike<number>): number {
    return this.tokens + 1 + ids.length;
  }

  async add(ids: Int32Array, row: MetadataRow): Promise<void> {
    const { width } = this;
    const bytes = Buffer.allocUnsafe((1 + ids.length) * width);
    bytes.fill(0xff, 0, width);
    if (width === 1) for (let i = 0; i < ids.length; i++) bytes[1 + i] = ids[i]!;
    else if (width === 2) for (let i = 0; i < ids.length; i++) bytes.writeUInt16LE(ids[i]!, 2 + 2 * i);
    else for (let i = 0; i < ids.length; i++) bytes.writeUInt32LE(ids[i]!, 4 + 4 * i);
    this.#hash.update(bytes);
    await this.#offsets.write(uint64(this.#text.byteLength));
    await this.#text.write(bytes);
    if (this.#metadata) {
      await this.#metadata.offsets.write(uint64(this.#metadata.rows.byteLength));
      await this.#metadata.rows.write(Buffer.from(metadataLine(row), 'latin1'));
    }
    this.documents++;
    this.tokens += 1 + ids.length;
  }

  /** Puts the files in their places; the sha256 of the text. */
  async commit(): Promise<string> {
    try {
      for (const file of this.#files()) await file.finish();
      // The text last: what begins with it is whole.
      for (const file of this.#files().reverse()) await file.commit();
    } catch (error) {
      await this.discard();
      throw error;
    }
    return this.#hash.digest('hex');
  }

  async discard(): Promise<void> {
    for (const file of this.#files()) await file.discard();
  }

  #files(): StagedWriter[] {
    return [this.#text, this.#offsets, ...(this.#metadata ? [this.#metadata.rows, this.#metadata.offsets] : [])];
  }
}

function uint64(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32LE(value % 2 ** 32, 0);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), 4);
  return bytes;
}
