/**
 * `--ids FILE`: token ids instead of text, one JSON array a line, used as they are: no tokenizer, no filter,
 * no truncation, no special tokens. Rows are numbered by line, from 0.
 */
import { basename } from 'node:path';
import { FileSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { parseLine } from './jsonl.js';
import { lines } from './lines.js';
import { hashSequences, type Sequences } from './sequences.js';
import { Tally } from './tally.js';

/** Reads a file of token ids (`.gz` too). Each id is an integer from 0 to 2³¹−1; no line is empty. */
export async function readIds(path: string, signal?: AbortSignal): Promise<Sequences> {
  const source = await FileSource.open(path);
  const tally = new Tally();
  const ids: Int32Array[] = [];
  let tokens = 0;
  try {
    for await (const { number, text } of lines(source, { gzip: path.toLowerCase().endsWith('.gz'), tally })) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      const sequence = toIds(text, `${path}:${number}`);
      ids.push(sequence);
      tokens += sequence.length;
    }
  } finally {
    await source.close();
  }
  if (ids.length === 0)
    throw new EigentraceError('input', `${path}: is empty (expected one JSON array of token ids a line)`);
  const rows = ids.map((_, i) => i);
  return {
    name: basename(path),
    ids,
    rows,
    tokens,
    asked: null,
    found: ids.length,
    truncated: 0,
    scanned: ids.length,
    flags: [],
    sha256: hashSequences(ids, rows),
    sources: [{ name: basename(path), bytes: tally.bytes, sha256: tally.sha256() }],
    tokenizerSha256: null,
  };
}

function toIds(text: string, place: string): Int32Array {
  const fail = (got: string) =>
    new EigentraceError('input', `${place}: got ${got} (expected a JSON array of token ids, such as [12, 7, 99])`);
  if (text.trim() === '') throw fail('an empty line');
  const value = parseLine(text, place);
  if (!Array.isArray(value)) throw fail(JSON.stringify(value).slice(0, 40));
  if (value.length === 0) throw fail('an empty array');
  const strange = value.findIndex((id) => !Number.isInteger(id) || (id as number) < 0 || (id as number) > 0x7fffffff);
  if (strange >= 0) throw fail(`${JSON.stringify(value[strange])} at position ${strange}`);
  return Int32Array.from(value as number[]);
}
