/**
 * The documents in which ids occur, with what stands around them: the fields of infini-gram's `search_docs`. The engine
 * draws occurrences at random; these are spread evenly over the ranks, so that an answer can be repeated.
 */
import { EigentraceError } from '../errors.js';
import type { TokenIds } from './infinigram.js';
import type { LocalIndex } from './local.js';
import type { Shard } from './shard.js';

export interface DocumentAnswer {
  /** Number of the document in the whole index: for one that `index build` made, the row of the corpus. */
  readonly doc_ix: number;
  readonly doc_len: number;
  readonly disp_len: number;
  /** Where in `token_ids` the occurrence begins; −1: at the separator before the document. */
  readonly needle_offset: number;
  /** The row of metadata as it is stored; empty where the index has none. */
  readonly metadata: string;
  readonly token_ids: readonly number[];
  readonly blocked: false;
}

export interface SearchAnswer {
  readonly cnt: number;
  readonly approx: false;
  /** Which of the `cnt` occurrences are shown. */
  readonly idxs: readonly number[];
  readonly documents: readonly DocumentAnswer[];
}

export interface SearchOptions {
  /** Most documents shown. Default 1. */
  readonly maxnum?: number;
  /** Most tokens shown of each. Default 1000. */
  readonly maxDispLen?: number;
}

export interface FindAnswer {
  readonly cnt: number;
  /** Ranks [from, to) of the occurrences in each shard's table. */
  readonly segment_by_shard: readonly (readonly [number, number])[];
}

export function find(index: LocalIndex, ids: TokenIds): FindAnswer {
  const segments = index.segments(ids);
  return {
    cnt: segments.reduce((sum, { from, to }) => sum + to - from, 0),
    segment_by_shard: segments.map(({ from, to }) => [from, to] as const),
  };
}

export function searchDocuments(index: LocalIndex, ids: TokenIds, options: SearchOptions = {}): SearchAnswer {
  const { maxnum = 1, maxDispLen = 1000 } = options;
  const { cnt, segment_by_shard: segments } = find(index, ids);
  const shown = Math.min(maxnum, cnt);
  const idxs = Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * cnt) / shown));
  const documents = idxs.map((place) => {
    let before = 0;
    for (const [i, [from, to]] of segments.entries()) {
      if (place < before + to - from) return documentAt(index, i, from + place - before, maxDispLen);
      before += to - from;
    }
    throw new EigentraceError('internal', `internal: occurrence ${place} of ${cnt}`);
  });
  return { cnt, approx: false, idxs, documents };
}

function documentAt(index: LocalIndex, number: number, rank: number, most: number): DocumentAnswer {
  const shard = index.shards[number]!;
  const { width } = shard;
  const needle = shard.pointerAt(rank);
  const local = documentOf(shard, needle);
  const start = offsetAt(shard, local) + width;
  const end = local + 1 < shard.documents ? offsetAt(shard, local + 1) : shard.text.byteLength;
  const from = Math.max(start, needle - width * Math.floor(most / 2));
  const to = Math.max(from, Math.min(end, needle + width * Math.ceil(most / 2)));
  const shown = (to - from) / width;
  return {
    doc_ix: index.shards.slice(0, number).reduce((sum, { documents }) => sum + documents, local),
    doc_len: (end - start) / width,
    disp_len: shown,
    needle_offset: Math.max(-1, (needle - from) / width),
    metadata: metadataOf(shard, local),
    token_ids: Array.from({ length: shown }, (_, i) => shard.tokenAt(from + i * width)),
    blocked: false,
  };
}

/** The last document that begins at or before a byte of the text. */
function documentOf(shard: Shard, offset: number): number {
  let [low, high] = [0, shard.documents];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(shard, middle) <= offset) low = middle;
    else high = middle;
  }
  return low;
}

function offsetAt({ offsets, text, width }: Shard, document: number): number {
  const offset = offsets.number(8 * document, 8);
  if (offset < text.byteLength && offset % width === 0) return offset;
  const message = `${offsets.name}: document ${document} begins outside the text, got ${offset} (expected below ${text.byteLength}): the file is damaged; build the index again`;
  throw new EigentraceError('integrity', message);
}

function metadataOf({ metadata, documents }: Shard, document: number): string {
  if (!metadata) return '';
  const { rows, offsets } = metadata;
  const start = offsets.number(8 * document, 8);
  const end = document + 1 < documents ? offsets.number(8 * document + 8, 8) : rows.byteLength;
  return Buffer.from(rows.bytes(start, end)).toString('utf8');
}
