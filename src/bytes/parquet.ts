/**
 * A parquet file by its pages: the footer, parsed by hyparquet once it was looked through, and the pages of one column
 * chunk, read one at a time by range, their checksums (where they have any) compared, their levels read and the rest
 * decompressed. What the values mean is the caller's to say. Every size is checked before memory is taken; a page is
 * held as a whole. Not read: encryption, columns in other files. Source: apache/parquet-format.
 */
import { crc32 } from 'node:zlib';
import {
  parquetMetadataAsync,
  parquetSchema,
  type ColumnMetaData,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { EigentraceError, messageOf } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { decompress } from './parquet-codecs.js';
import { bitsOf, readLevels, readRuns } from './parquet-runs.js';
import { skimThrift } from './parquet-thrift.js';

export interface ParquetFile {
  readonly metadata: FileMetaData;
  readonly schema: SchemaTree;
}

export interface ParquetPage {
  readonly kind: 'dictionary' | 'data';
  readonly encoding: string;
  /** Values in the page, nulls too. */
  readonly count: number;
  /** Levels of a data page; empty where the column can have none. */
  readonly repetition: Uint32Array;
  readonly definition: Uint32Array;
  /** What the levels are at most: a value is there where the definition is this. */
  readonly maxDefinition: number;
  /** What comes after the levels, decompressed. */
  readonly body: Uint8Array;
  /** Of the page in the file, for errors. */
  readonly start: number;
}

export interface ParquetPageOptions {
  /** Column in words, for errors. */
  readonly label: string;
  /** From the root to the leaf. */
  readonly schemaPath: readonly SchemaTree[];
  /** Bytes and values of a page that are refused beyond. */
  readonly pageLimit: number;
  readonly valueLimit: number;
  readonly signal?: AbortSignal | undefined;
}

type PageHeader = ReturnType<typeof parquetHeader>;

/** The footer is held in memory as a whole. */
const footerLimit = 256 * 1024 * 1024;

/** Reads the footer; errors name the file. */
export async function readParquetFile(source: ByteSource): Promise<ParquetFile> {
  const size = source.byteLength;
  if (size < 12) throw brokenParquet(source, `it has ${size} bytes`);
  const tail = Buffer.from(await source.read(size - 8, size));
  if (tail.toString('latin1', 4) !== 'PAR1') throw brokenParquet(source, 'it does not end in PAR1: cut off?');
  const length = tail.readUInt32LE(0);
  if (length > Math.min(size - 12, footerLimit)) throw brokenParquet(source, `its footer claims ${length} bytes`);
  const footer = exact(await source.read(size - 8 - length, size));
  try {
    skimThrift(new Uint8Array(footer, 0, length), 0);
    const slice = (start: number, end = size) => footer.slice(start - (size - 8 - length), end - (size - 8 - length));
    const options = { initialFetchSize: length + 8, geoparquet: false };
    const metadata = await parquetMetadataAsync({ byteLength: size, slice }, options);
    return { metadata, schema: parquetSchema(metadata) };
  } catch (error) {
    throw brokenParquet(source, messageOf(error), error);
  }
}

/** The pages of one column chunk, in order, until all its values were there. */
export async function* parquetPages(
  source: ByteSource,
  meta: ColumnMetaData,
  options: ParquetPageOptions,
): AsyncGenerator<ParquetPage> {
  const { label, pageLimit, valueLimit, signal } = options;
  // A dictionary offset of 0 means there is none (old writers).
  let offset = Number(meta.dictionary_page_offset ? meta.dictionary_page_offset : meta.data_page_offset);
  const end = offset + Number(meta.total_compressed_size);
  if (!(offset >= 4 && end >= offset && end <= source.byteLength)) {
    throw brokenParquet(source, `column ${label} claims bytes ${offset}..${end} of ${source.byteLength}`);
  }
  let left = Number(meta.num_values);
  while (left > 0) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const { header, length } = await readHeader(source, offset, end, pageLimit);
    const start = offset + length;
    const { compressed_page_size: compressed, uncompressed_page_size: size } = header;
    const count = countOf(header);
    offset = start + compressed;
    // No codec makes a page twice as long.
    const isSmall = compressed <= 2 * pageLimit && size <= pageLimit;
    const isSound = compressed >= 0 && offset <= end && size >= 0 && isSmall;
    if (!isSound || !(count >= 0 && count <= valueLimit)) {
      throw brokenParquet(
        source,
        `a page at byte ${start} claims ${compressed} bytes, uncompressed ${size} (at most ${pageLimit}), ${count} values`,
      );
    }
    if (header.type === 'INDEX_PAGE') continue;
    const isDictionary = header.type === 'DICTIONARY_PAGE';
    if (!isDictionary && (count === 0 || count > left)) {
      throw brokenParquet(source, `a page at byte ${start} has ${count} of ${left} values`);
    }
    const bytes = new Uint8Array(exact(await source.read(start, offset)));
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0) {
      throw brokenParquet(source, `the page at byte ${start} does not fit its checksum`);
    }
    if (!isDictionary) left -= count;
    let content: Omit<ParquetPage, 'count' | 'start'>;
    try {
      content = await readBody(bytes, header, meta, options.schemaPath);
    } catch (error) {
      throw brokenParquet(source, messageOf(error), error);
    }
    yield { ...content, count, start };
  }
}

/** The chunk of a column in a row group; null where it is in another file or nowhere. */
export function parquetChunk(
  group: FileMetaData['row_groups'][number],
  path: readonly string[],
): ColumnMetaData | null {
  const wanted = path.join('.');
  const chunk = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema.join('.') === wanted);
  return chunk?.meta_data && !chunk.file_path ? chunk.meta_data : null;
}

export function brokenParquet(source: ByteSource, reason: string, cause?: unknown): EigentraceError {
  const message = `${source.name}: is not a readable parquet file (${reason}); fetch or write it again`;
  return new EigentraceError('input', message, { cause });
}

function countOf(header: PageHeader): number {
  if (header.type === 'DICTIONARY_PAGE') return header.dictionary_page_header?.num_values ?? NaN;
  if (header.type === 'INDEX_PAGE') return 0;
  return (header.data_page_header ?? header.data_page_header_v2)?.num_values ?? NaN;
}

async function readBody(
  bytes: Uint8Array,
  header: PageHeader,
  { codec }: ColumnMetaData,
  schemaPath: readonly SchemaTree[],
): Promise<Omit<ParquetPage, 'count' | 'start'>> {
  const below = schemaPath.slice(1).map(({ element }) => element.repetition_type);
  const maxDefinition = below.filter((type) => type !== 'REQUIRED').length;
  const maxRepetition = below.filter((type) => type === 'REPEATED').length;
  const { uncompressed_page_size: size, data_page_header: v1, data_page_header_v2: v2 } = header;
  const none = new Uint32Array(0);
  if (header.type === 'DICTIONARY_PAGE') {
    const body = await decompress(bytes, size, codec);
    return { kind: 'dictionary', encoding: 'PLAIN', repetition: none, definition: none, maxDefinition, body };
  }
  if (v1) {
    const { encoding, num_values: count } = v1;
    const page = await decompress(bytes, size, codec);
    const { levels: repetition, rest } = readLevels(page, maxRepetition, count);
    const { levels: definition, rest: body } = readLevels(rest, maxDefinition, count);
    return { kind: 'data', encoding, repetition, definition, maxDefinition, body };
  }
  const { encoding, num_values: count } = v2!;
  const { repetition_levels_byte_length: first, definition_levels_byte_length: second } = v2!;
  if (!(first >= 0 && second >= 0 && first + second <= bytes.length)) throw new Error('levels do not fit');
  const levels = (from: number, to: number, max: number) =>
    max === 0 ? none : readRuns(bytes.subarray(from, to), bitsOf(max), count);
  const repetition = levels(0, first, maxRepetition);
  const definition = levels(first, first + second, maxDefinition);
  const rest = bytes.subarray(first + second);
  const bodySize = size - first - second;
  if (bodySize < 0) throw new Error('levels do not fit');
  const body = v2!.is_compressed === false ? rest : await decompress(rest, bodySize, codec);
  return { kind: 'data', encoding, repetition, definition, maxDefinition, body };
}

/** A page's header; its length is known only once it is parsed, so a short window is tried first. */
async function readHeader(
  source: ByteSource,
  start: number,
  end: number,
  limit: number,
): Promise<{ header: PageHeader; length: number }> {
  for (let window = 4096; ; window *= 16) {
    const stop = Math.min(start + window, end);
    if (start >= end) throw brokenParquet(source, `a column ends at byte ${start}, before its last value`);
    const bytes = exact(await source.read(start, stop));
    try {
      const length = skimThrift(new Uint8Array(bytes), 0);
      return { header: parquetHeader({ view: new DataView(bytes), offset: 0 }), length };
    } catch (error) {
      if (stop === end || window > limit) throw brokenParquet(source, messageOf(error), error);
    }
  }
}

/** The buffer of exactly these bytes. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return whole ? bytes.buffer : Uint8Array.from(bytes).buffer;
}
