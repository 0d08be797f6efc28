/**
 * Decompression of parquet pages, each into exactly the bytes that its header claims. Node's own gzip and brotli, since
 * they can be told a limit; hyparquet-compressors' for the rest, loaded where they are met (100 ms). Throws plain errors.
 */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';

/** The most bytes that a codec can make of one; zstd and brotli have no such bound that would help. */
const greatestRatio: Partial<Record<CompressionCodec, number>> = { SNAPPY: 22, LZ4: 256, LZ4_RAW: 256, GZIP: 1032 };

/** `size` is within the caller's limit for a page; what no such bytes can give is refused before memory is taken. */
export async function decompress(bytes: Uint8Array, size: number, codec: CompressionCodec): Promise<Uint8Array> {
  const page = codec === 'UNCOMPRESSED' ? bytes : await expand(bytes, size, codec);
  if (page.length !== size) throw new Error(`a page inflates to ${page.length} bytes, not ${size}`);
  return page;
}

async function expand(bytes: Uint8Array, size: number, codec: CompressionCodec): Promise<Uint8Array> {
  if (size > bytes.length * (greatestRatio[codec] ?? Infinity) + 64) {
    throw new Error(`${bytes.length} bytes of ${codec} can't inflate to ${size}`);
  }
  // zlib takes no limit of 0.
  const options = { maxOutputLength: Math.max(1, size) };
  if (codec === 'GZIP') return gunzipSync(bytes, options);
  if (codec === 'BROTLI') return brotliDecompressSync(bytes, options);
  const { compressors, decompressZstd } = await import('hyparquet-compressors');
  if (codec === 'ZSTD') return decompressZstd(bytes, ownZstd(bytes, size));
  const known = compressors[codec];
  if (!known) throw new Error(`compression ${codec} is not read`);
  return known(bytes, size);
}

/** A buffer of our own for what a frame holds: left to itself the decoder takes as much memory as the frame claims. */
function ownZstd(bytes: Uint8Array, size: number): Uint8Array {
  const claimed = contentSize(bytes);
  if (claimed !== null && claimed !== BigInt(size)) throw new Error(`a frame of ${claimed} bytes, not ${size}`);
  return new Uint8Array(size);
}

/** What a zstd frame's header says of the size of its content; null when it doesn't. Source: RFC 8878, 3.1.1.1. */
function contentSize(bytes: Uint8Array): bigint | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 18 || view.getUint32(0, true) !== 0xfd2fb528) return null;
  const flags = view.getUint8(4);
  const isSingle = (flags & 32) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][flags & 3]!;
  if (flags >> 6 === 0) return isSingle ? BigInt(view.getUint8(at)) : null;
  if (flags >> 6 === 1) return BigInt(view.getUint16(at, true) + 256);
  return flags >> 6 === 2 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
}
