/** Token ids of a query, as the bytes that the text holds; ids that the index can't hold are refused. */
import { EigentraceError } from '../errors.js';
import type { TokenIds } from './infinigram.js';
import type { TokenWidth } from './kernel/layout.js';

export function idBytes(ids: TokenIds, width: TokenWidth): Uint8Array {
  const bytes = new Uint8Array(ids.length * width);
  for (let i = 0; i < ids.length; i++) putId(bytes, i * width, ids[i]!, width);
  return bytes;
}

/** A continuation after `before`. */
export function withId(before: Uint8Array, id: number, width: TokenWidth): Uint8Array {
  const bytes = new Uint8Array(before.length + width);
  bytes.set(before);
  putId(bytes, before.length, id, width);
  return bytes;
}

function putId(bytes: Uint8Array, at: number, id: number, width: TokenWidth): void {
  if (!Number.isInteger(id) || id < 0 || id >= 256 ** width) {
    const message = `query: no token id of this index, got ${id} (expected integers 0..${256 ** width - 1}: it holds u${8 * width}); was it made with another tokenizer?`;
    throw new EigentraceError('input', message);
  }
  for (let i = 0; i < width; i++, id = Math.floor(id / 256)) bytes[at + i] = id % 256;
}
