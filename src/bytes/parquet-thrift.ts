/**
 * A look at a structure of Thrift's compact protocol, as parquet's footer and page headers are, before hyparquet parses
 * it: every varint is of at most 10 bytes, every list and text fits what is left, nothing is nested beyond 32. What
 * passes takes time and memory in proportion to its bytes; a length that was flipped would not. Throws plain errors.
 */
const deepest = 32;

/** The byte after the structure that begins at `at`. */
export function skimThrift(bytes: Uint8Array, at: number): number {
  return new Skim(bytes, at).struct(0);
}

class Skim {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  struct(depth: number): number {
    if (depth > deepest) throw new Error('thrift structures are nested too deep');
    for (;;) {
      const byte = this.#byte();
      const type = byte & 15;
      if (type === 0) return this.#at;
      if (byte >> 4 === 0) this.#varint();
      // In a field, the type is the value of a boolean.
      if (type > 2) this.#element(type, depth);
    }
  }

  #element(type: number, depth: number): void {
    if (type <= 3) this.#skip(1);
    else if (type <= 6) this.#varint();
    else if (type === 7) this.#skip(8);
    else if (type === 8) this.#skip(this.#varint());
    else if (type === 9) this.#list(depth + 1);
    else if (type === 12) this.struct(depth + 1);
    else throw new Error(`thrift type ${type} is not known`);
  }

  #list(depth: number): void {
    if (depth > deepest) throw new Error('thrift lists are nested too deep');
    const byte = this.#byte();
    const size = byte >> 4 === 15 ? this.#varint() : byte >> 4;
    // An element takes a byte at least.
    if (size > this.#bytes.length - this.#at) throw new Error(`a thrift list of ${size} elements does not fit`);
    for (let i = 0; i < size; i++) this.#element(byte & 15, depth);
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Error('a thrift number of more than 10 bytes');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('thrift structure ends early');
    return byte;
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.#at) throw new Error(`${count} bytes of a thrift structure do not fit`);
    this.#at += count;
  }
}
