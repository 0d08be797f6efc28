/**
 * From a corpus to token sequences (definitions §1): keep sequences of more than `minTokens` tokens, then cut them
 * to `maxTokens`. Without a seed the first `sequences` that pass are taken and reading stops there; with one, a
 * random sample of all that pass (shuffle.ts), for which the whole corpus is read but only part of it tokenised;
 * with `rows`, exactly those rows, unfiltered. In each case the result is in corpus order.
 */
import { setImmediate } from 'node:timers/promises';
import { basename } from 'node:path';
import { EigentraceError, messageOf } from '../errors.js';
import { corpusDocuments, type OpenedFile } from './documents.js';
import { encodeStart } from './prefix.js';
import { readRows } from './rows.js';
import { hashSequences, type Sequences } from './sequences.js';
import { rowKey, SmallestKeys } from './shuffle.js';
import { findCorpus, identityOf, type CorpusFiles } from './source.js';
import { loadTokens, storeTokens, tokenCachePath, type TokenRequest } from './token-cache.js';
import { TokenizerError, type Tokenizer } from './tokenizer.js';

export interface SelectOptions {
  /** `.txt[.gz]`, `.jsonl[.gz]`, `.parquet`, a folder or glob of those, or `sample:`. */
  corpus: string;
  /** Text field of jsonl and parquet rows. */
  field: string;
  tokenizer: Tokenizer;
  /** How many sequences; null takes all that pass the filter. */
  sequences: number | null;
  /** Keep sequences of more than this many tokens. */
  minTokens: number;
  /** Then cut to this many tokens. */
  maxTokens: number;
  /** Seed of a random sample; null takes the first in corpus order. */
  seed: number | null;
  /** A file of the corpus rows to take; then `sequences`, `minTokens` and `seed` are not used. */
  rows: string | null;
  /** Folder where token ids are kept for the next time; null keeps none. */
  cacheFolder: string | null;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: SelectProgress) => void) | undefined;
}

export interface SelectProgress {
  /** Documents read. */
  scanned: number;
  /** Sequences that passed, and how many are wanted (null: all). */
  found: number;
  asked: number | null;
  /** Bytes read of the corpus files and their size in all, as stored. */
  bytesRead: number;
  bytesTotal: number;
}

interface Picked {
  row: number;
  ids: Int32Array;
  truncated: boolean;
}

/** How long the event loop may wait for this loop, in ms: Ctrl-C and timers come in between. */
const patience = 15;

/** Chooses and tokenises the sequences that models are measured on. */
export async function selectSequences(options: SelectOptions): Promise<Sequences> {
  check(options);
  const { tokenizer, field, maxTokens, cacheFolder, signal } = options;
  const corpus = await findCorpus(options.corpus);
  const rows = options.rows === null ? null : await readRows(options.rows);
  const filter = rows
    ? { sequences: null, minTokens: null, seed: null }
    : { sequences: options.sequences, minTokens: options.minTokens, seed: options.seed };
  const request: TokenRequest = { tokenizer: tokenizer.sha256, field, ...filter, maxTokens, rows, files: corpus.files };
  const cache = cacheFolder === null ? null : tokenCachePath(cacheFolder, request);
  const kept = cache === null ? null : await loadTokens(cache, corpus.name, request, signal);
  if (kept) return kept;

  const opened: OpenedFile[] = [];
  const { picked, scanned } = await pick(options, corpus, rows, opened);
  const sequences = describe(options, corpus, rows, picked, scanned, opened);
  if (cache !== null) {
    try {
      await storeTokens(cache, sequences, opened);
    } catch (error) {
      sequences.flags.push({ code: 'tokens-not-kept', message: `token ids could not be kept: ${messageOf(error)}` });
    }
  }
  return sequences;
}

async function pick(
  options: SelectOptions,
  corpus: CorpusFiles,
  rows: number[] | null,
  opened: OpenedFile[],
): Promise<{ picked: Picked[]; scanned: number }> {
  const { tokenizer, field, minTokens, maxTokens, seed, signal } = options;
  const wanted = rows ? rows.length : (options.sequences ?? Infinity);
  const sample = rows || seed === null || wanted === Infinity ? null : new SmallestKeys<Picked>(wanted);
  const picked: Picked[] = [];
  const report = await progress(options, corpus, rows, opened);
  let scanned = 0;
  let longest = 0;
  let last = performance.now();

  const encode = (row: number, text: string): Picked | null => {
    const ids = encodeStart(tokenizer, text, Math.max(minTokens, maxTokens) + 1);
    longest = Math.max(longest, ids.length);
    if (rows && ids.length === 0) throw noTokens(row, options.rows!, corpus.name);
    if (!rows && ids.length <= minTokens) return null;
    return { row, ids: ids.slice(0, maxTokens), truncated: ids.length > maxTokens };
  };

  for await (const { index, text } of corpusDocuments(corpus.files, field, signal, opened)) {
    scanned++;
    if (performance.now() - last > patience) {
      report(scanned, sample?.count ?? picked.length);
      await setImmediate();
      last = performance.now();
    }
    if (rows && index !== rows[picked.length]) continue;
    const key = sample ? rowKey(seed!, index) : 0;
    if (sample && !sample.wants(key)) continue;
    const sequence = encode(index, text);
    if (!sequence) continue;
    if (sample) sample.add(key, index, sequence);
    else picked.push(sequence);
    if (!sample && picked.length === wanted) break;
  }
  if (sample) picked.push(...sample.inOrder().map(({ item }) => item));
  if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
  if (scanned === 0)
    throw new EigentraceError('input', `corpus ${options.corpus}: is empty (expected at least one document)`);
  if (rows && picked.length < rows.length) {
    const message = `${options.rows!}: row ${rows[picked.length]!} is not there, got ${scanned} rows in ${corpus.name} (expected rows 0..${scanned - 1})`;
    throw new EigentraceError('input', message);
  }
  if (picked.length === 0) {
    throw new TokenizerError(
      'input',
      `corpus ${options.corpus}: none of its ${scanned} documents has more than ${minTokens} tokens, got at most ${longest} (lower --min-tokens)`,
    );
  }
  report(scanned, picked.length);
  return { picked, scanned };
}

function describe(
  options: SelectOptions,
  corpus: CorpusFiles,
  rows: number[] | null,
  picked: Picked[],
  scanned: number,
  opened: readonly OpenedFile[],
): Sequences {
  const ids = picked.map((sequence) => sequence.ids);
  const used = picked.map((sequence) => sequence.row);
  const asked = rows ? rows.length : options.sequences;
  const found = picked.length;
  const flags: Sequences['flags'] = [];
  if (asked !== null && found < asked) {
    const message = `found ${found} of ${asked} sequences asked: no more of the corpus's ${scanned} documents have over ${options.minTokens} tokens`;
    flags.push({ code: 'corpus-small', message });
  }
  return {
    name: corpus.name,
    ids,
    rows: used,
    tokens: ids.reduce((sum, sequence) => sum + sequence.length, 0),
    asked,
    found,
    truncated: picked.filter((sequence) => sequence.truncated).length,
    scanned,
    flags,
    sha256: hashSequences(ids, used),
    sources: opened.map(({ file, tally }) => ({
      name: basename(file.path),
      bytes: tally.bytes,
      sha256: tally.sha256(),
    })),
    tokenizerSha256: options.tokenizer.sha256,
  };
}

async function progress(
  { onProgress, sequences }: SelectOptions,
  corpus: CorpusFiles,
  rows: number[] | null,
  opened: readonly OpenedFile[],
): Promise<(scanned: number, found: number) => void> {
  if (!onProgress) return () => undefined;
  const asked = rows ? rows.length : sequences;
  let bytesTotal = 0;
  for (const file of corpus.files) bytesTotal += (await identityOf(file)).size;
  return (scanned, found) => {
    const bytesRead = opened.reduce((sum, { tally }) => sum + tally.bytesRead, 0);
    onProgress({ scanned, found, asked, bytesRead, bytesTotal });
  };
}

function check({ sequences, minTokens, maxTokens, seed, field }: SelectOptions): void {
  const whole = (option: string, value: number | null, least: number) => {
    if (value === null || (Number.isSafeInteger(value) && value >= least)) return;
    throw new EigentraceError('usage', `${option}: got ${value} (expected an integer from ${least})`);
  };
  whole('--sequences', sequences, 1);
  whole('--min-tokens', minTokens, 0);
  whole('--max-tokens', maxTokens, 1);
  whole('--seed', seed, 0);
  if (field === '') throw new EigentraceError('usage', '--field: got an empty name (expected the field of the text)');
}

function noTokens(row: number, rowsFile: string, name: string): TokenizerError {
  const message = `${rowsFile}: row ${row} of ${name} has no tokens (expected rows with text; leave it out)`;
  return new TokenizerError('input', message);
}
