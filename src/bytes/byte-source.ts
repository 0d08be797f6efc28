/**
 * The one seam for bytes: whatever reads a file, a Hub object or a test buffer reads it through a ByteSource,
 * by range, so that tests can count what was read and the Hub needs no second reader.
 */
export interface ByteSource {
  /** What errors call it: a path, a URL or a label. */
  readonly name: string;
  /** Size in bytes. */
  readonly byteLength: number;
  /** Bytes [start, end). Reading past the end is an error, never a short answer. */
  read(start: number, end: number): Promise<Uint8Array>;
}
