/** Token sequences, ready for a model, with all that says where they came from. */
import { createHash } from 'node:crypto';
import { EigentraceError } from '../errors.js';

export interface SequenceSource {
  /** The file's name without its folder. */
  name: string;
  /** Bytes of its content that were used, and their sha256 (tally.ts says what content is). */
  bytes: number;
  sha256: string;
}

export interface Sequences {
  /** The corpus as tables call it. */
  name: string;
  /** One array of token ids a sequence, in corpus order. */
  ids: Int32Array[];
  /** Their row numbers in the corpus, from 0, ascending. */
  rows: number[];
  /** Token ids in all. */
  tokens: number;
  /** How many sequences were asked for; null: all. */
  asked: number | null;
  /** How many there are. */
  found: number;
  /** How many were cut to `maxTokens`. */
  truncated: number;
  /** Documents of the corpus that were read. */
  scanned: number;
  /** What a reader of the figures must know, e.g. `corpus-small`. */
  flags: { code: string; message: string }[];
  /** Lower-case hex over ids and rows (`hashSequences`): equal if and only if models see the same input. */
  sha256: string;
  /** The files that were read, in order. */
  sources: SequenceSource[];
  /** Of the tokenizer; null where token ids were given. */
  tokenizerSha256: string | null;
}

/** sha256 over, a sequence: its row as uint64, its length as uint32, its ids as int32, all little-endian. */
export function hashSequences(ids: readonly Int32Array[], rows: readonly number[]): string {
  const hash = createHash('sha256');
  ids.forEach((sequence, i) => {
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt(rows[i]!));
    head.writeUInt32LE(sequence.length, 8);
    hash.update(head).update(toLittleEndian(sequence));
  });
  return hash.digest('hex');
}

export function toLittleEndian(ids: Int32Array): Uint8Array {
  const bytes = new Uint8Array(4 * ids.length);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, i) => view.setInt32(4 * i, id, true));
  return bytes;
}

/**
 * Refuses token ids that a model has no embedding for. `name` is the checkpoint, for the error;
 * `vocabularySize` the rows of its embedding.
 */
export function checkIds(sequences: Sequences, vocabularySize: number, name: string): void {
  sequences.ids.forEach((ids, i) => {
    for (const id of ids) {
      if (id >= 0 && id < vocabularySize) continue;
      throw new EigentraceError(
        'input',
        `${name}: token id ${id} in row ${sequences.rows[i]!} of ${sequences.name} is outside the model's vocabulary, ` +
          `got a vocabulary of ${vocabularySize} (expected ids 0..${vocabularySize - 1}): the tokenizer does not belong to this model`,
      );
    }
  });
}
