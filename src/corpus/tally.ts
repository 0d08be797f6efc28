/**
 * How much of a corpus file was used, and a sha256 over it. The content of `.txt` and `.jsonl` is their bytes after
 * decompression up to the end of the last line used (`zcat FILE | head -c BYTES | sha256sum` checks it); that of a
 * parquet file is the field's texts as UTF-8, each followed by a line feed.
 */
import { createHash } from 'node:crypto';
import type { ByteSource } from '../bytes/index.js';

export class Tally {
  /** Documents handed out. */
  documents = 0;
  /** Bytes of content used. */
  bytes = 0;
  /** Bytes read from the file as it is stored, in this and earlier calls. */
  bytesRead = 0;
  /** Whether the file was read to its end. */
  complete = false;
  readonly #hash = createHash('sha256');

  add(content: Uint8Array): void {
    this.bytes += content.length;
    this.#hash.update(content);
  }

  /** Lower-case hex of the content so far. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** The same source, its reads counted here. */
  counting(source: ByteSource): ByteSource {
    return {
      name: source.name,
      byteLength: source.byteLength,
      read: (start, end) => {
        this.bytesRead += end - start;
        return source.read(start, end);
      },
    };
  }
}
