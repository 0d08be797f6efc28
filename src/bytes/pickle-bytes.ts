/** The bytes of a pickle, taken from the front: numbers, lines and strings as pickle's opcodes write them. Little-endian. */
import { EigentraceError } from '../errors.js';

/** The pickle goes on past the bytes at hand: cut short, or more must be read. */
export class PickleEnd extends EigentraceError {
  constructor(subject: string, length: number) {
    super('input', `${subject}: the pickle goes on past its end at byte ${length} (truncated?)`);
  }
}

/** Names and numbers written as text are no longer than this. */
const lineLimit = 4096;
/** 128 bits: torch's magic number has 80. */
const longLimit = 16;

export class PickleBytes {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #subject: string;

  constructor(bytes: Uint8Array, start: number, subject: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#subject = subject;
    this.at = start;
  }

  byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  count2(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  count4(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  count8(): number {
    const count = this.#view.getBigUint64(this.#skip(8), true);
    if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#fault(`got the length ${count} (damaged?)`);
    return Number(count);
  }

  int4(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** Big-endian, as BINFLOAT has it. */
  double(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A two's complement integer of `length` bytes. */
  long(length: number): number | bigint {
    if (length > longLimit) throw this.#fault(`got an integer of ${length} bytes (expected at most ${longLimit})`);
    const digits = this.take(length);
    const unsigned = digits.reduceRight((sum, digit) => (sum << 8n) | BigInt(digit), 0n);
    return narrow(BigInt.asIntN(8 * length, unsigned));
  }

  /** An integer written in decimal. */
  integer(text: string): number | bigint {
    if (!/^[-+]?\d{1,39}$/.test(text)) throw this.#fault(`got the integer ${JSON.stringify(text.slice(0, 40))}`);
    return narrow(BigInt(text.replace(/^\+/, '')));
  }

  /** A float written in decimal. */
  decimal(text: string): number {
    if (!/^[-+]?(\d|\.\d|inf|nan)[\d.eE+-]*$/.test(text)) {
      throw this.#fault(`got the number ${JSON.stringify(text.slice(0, 40))}`);
    }
    return Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'));
  }

  /** Up to the next line feed, which is taken too; Latin-1. */
  line(): string {
    const end = this.#bytes.subarray(this.at, this.at + lineLimit + 1).indexOf(0x0a);
    if (end < 0) {
      if (this.at + lineLimit >= this.#bytes.length) throw new PickleEnd(this.#subject, this.#bytes.length);
      throw this.#fault(`a line of more than ${lineLimit} bytes at byte ${this.at} (damaged?)`);
    }
    const text = this.latin1(end);
    this.at++;
    return text.replace(/\r$/, '');
  }

  /** A line of text with everything past Latin-1 escaped (Python's raw-unicode-escape). */
  escaped(): string {
    const digits = /\\u([0-9a-fA-F]{4})|\\U(00[01][0-9a-fA-F]{5})/g;
    return this.line().replace(digits, (whole, short?: string, long?: string) => {
      const point = Number.parseInt(short ?? long!, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    });
  }

  utf8(length: number): string {
    return decodeUtf8(this.take(length)) ?? this.#badText();
  }

  latin1(length: number): string {
    const bytes = this.take(length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }

  /** A view of the next bytes; nothing is copied. */
  take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) throw new PickleEnd(this.#subject, this.#bytes.length);
    this.at = start + length;
    return start;
  }

  #badText(): never {
    throw this.#fault(`text that is not UTF-8 before byte ${this.at} (damaged?)`);
  }

  #fault(what: string): EigentraceError {
    return new EigentraceError('input', `${this.#subject}: ${what}`);
  }
}

function narrow(value: bigint): number | bigint {
  return BigInt.asIntN(54, value) === value ? Number(value) : value;
}

/** Lone surrogates, which Python writes too, are an error here; no tensor's name has one. */
function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
