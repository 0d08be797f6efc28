/** Small texts of tokens, as bytes, and what must be found in them, by brute force. */

/** Tokens as little-endian bytes; a token past what its width holds is cut, so that 255·257 is the separator of u16. */
export function tokenBytes(tokens: readonly number[], width: 1 | 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(tokens.length * width);
  tokens.forEach((token, i) => bytes.writeUIntLE(token % 256 ** width, i * width, width));
  return bytes;
}

/** Byte offsets of the suffixes in order: each compared as bytes to the end, the shorter first. */
export function naiveTable(text: Uint8Array, width: number): number[] {
  const bytes = Buffer.from(text);
  const offsets = Array.from({ length: bytes.length / width }, (_, i) => i * width);
  return offsets.sort((a, b) => Buffer.compare(bytes.subarray(a), bytes.subarray(b)));
}
