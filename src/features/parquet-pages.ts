/**
 * Floating-point columns of a parquet file, page by page: the footer, which columns hold floats, and the values of a
 * column chunk as float32. Only whole numbers-in-every-place columns are read: a null is an error that names the column.
 */
import {
  parquetMetadataAsync,
  parquetSchema,
  type ColumnMetaData,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { compressors } from 'hyparquet-compressors';
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import type { FloatType } from './floats.js';
import { bitsOf, readLevels, readRuns, readValues } from './parquet-values.js';

type PageHeader = ReturnType<typeof parquetHeader>;
type CompressionCodec = ColumnMetaData['codec'];

export interface FloatColumn {
  /** Of the column as a user sees it; the path leads on to the list's element. */
  readonly name: string;
  readonly path: readonly string[];
  readonly type: FloatType;
  readonly isList: boolean;
  readonly schemaPath: readonly SchemaTree[];
}

export interface Page {
  readonly values: Float32Array;
  /** Of a list: 0 where a row begins. */
  readonly repetition: Uint32Array | null;
}

/** The footer and a page are held in memory as a whole. */
const footerLimit = 64 * 1024 * 1024;
const pageLimit = 256 * 1024 * 1024;
const pageValues = 1 << 26;

/** Reads the footer; errors name the file. */
export async function readMetadata(source: ByteSource): Promise<{ metadata: FileMetaData; schema: SchemaTree }> {
  const size = source.byteLength;
  if (size < 12) throw broken(source, `it has ${size} bytes`);
  const tail = Buffer.from(await source.read(size - 8, size));
  if (tail.toString('latin1', 4) !== 'PAR1') throw broken(source, 'it does not end in PAR1: cut off?');
  const length = tail.readUInt32LE(0);
  if (length > Math.min(size - 8, footerLimit)) throw broken(source, `its footer claims ${length} bytes`);
  const slice = async (start: number, end = size) => exact(await source.read(start, end));
  try {
    const options = { initialFetchSize: length + 8, geoparquet: false };
    const metadata = await parquetMetadataAsync({ byteLength: size, slice }, options);
    return { metadata, schema: parquetSchema(metadata) };
  } catch (error) {
    throw broken(source, messageOf(error), error);
  }
}

/** Columns of floats and lists of floats, in order, and the others in words. */
export function floatColumns(schema: SchemaTree): { usable: FloatColumn[]; others: string[] } {
  const usable: FloatColumn[] = [];
  const others: string[] = [];
  for (const child of schema.children) {
    const schemaPath = [schema, child];
    for (let at = child; at.children.length === 1; at = at.children[0]!) schemaPath.push(at.children[0]!);
    const leaf = schemaPath.at(-1)!;
    const type = leaf.children.length === 0 ? typeOf(leaf) : null;
    const repeated = schemaPath.filter(({ element }) => element.repetition_type === 'REPEATED').length;
    const { name } = child.element;
    // A struct with one float is no list, and a list of lists no row.
    if (type === null || repeated > 1 || (repeated === 0 && schemaPath.length > 2)) {
      others.push(`${name} ${leaf.element.type ?? 'nested'}`);
      continue;
    }
    const path = schemaPath.slice(1).map(({ element }) => element.name);
    usable.push({ name, path, type, isList: repeated === 1, schemaPath });
  }
  return { usable, others };
}

function typeOf({ element }: SchemaTree): FloatType | null {
  if (element.type === 'FLOAT') return 'float32';
  if (element.type === 'DOUBLE') return 'float64';
  return element.logical_type?.type === 'FLOAT16' && element.type_length === 2 ? 'float16' : null;
}

/** The values of one column chunk, in order. */
export async function* pages(
  source: ByteSource,
  column: FloatColumn,
  meta: ColumnMetaData,
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  // A dictionary offset of 0 means there is none (old writers).
  let offset = Number(meta.dictionary_page_offset ? meta.dictionary_page_offset : meta.data_page_offset);
  const end = offset + Number(meta.total_compressed_size);
  if (!(offset >= 4 && end >= offset && end <= source.byteLength)) {
    throw broken(source, `column ${column.name} claims bytes ${offset}..${end} of ${source.byteLength}`);
  }
  let dictionary: Float32Array | null = null;
  let left = Number(meta.num_values);
  while (left > 0) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const { header, length } = await readHeader(source, offset, end);
    const start = offset + length;
    const counted = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header;
    const count = counted?.num_values ?? 0;
    offset = start + header.compressed_page_size;
    const isSound = header.compressed_page_size >= 0 && offset <= end && header.uncompressed_page_size <= pageLimit;
    if (!isSound || !(count >= 0 && count <= pageValues)) {
      const sizes = `${header.compressed_page_size} bytes, uncompressed ${header.uncompressed_page_size}, ${count} values`;
      throw broken(source, `a page at byte ${start} claims ${sizes}`);
    }
    if (header.type === 'INDEX_PAGE') continue;
    const bytes = new Uint8Array(exact(await source.read(start, offset)));
    if (header.type === 'DICTIONARY_PAGE') {
      dictionary = attempt(source, () => readDictionary(bytes, header, meta.codec, column.type));
      continue;
    }
    if (count === 0 || count > left) throw broken(source, `a page at byte ${start} has ${count} of ${left} values`);
    left -= count;
    const known = dictionary;
    yield attempt(source, () => readPage(source, bytes, header, meta.codec, column, known));
  }
}

/** Levels must say that nothing is null; then the numbers. */
function readPage(
  source: ByteSource,
  bytes: Uint8Array,
  header: PageHeader,
  codec: CompressionCodec,
  column: FloatColumn,
  dictionary: Float32Array | null,
): Page {
  const below = column.schemaPath.slice(1).map(({ element }) => element.repetition_type);
  const maxDefinition = below.filter((type) => type !== 'REQUIRED').length;
  const maxRepetition = below.filter((type) => type === 'REPEATED').length;
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  let repetition: Uint32Array;
  let definition: Uint32Array;
  let rest: Uint8Array;
  if (v1) {
    const page = decompressPage(bytes, header.uncompressed_page_size, codec, compressors);
    ({ levels: repetition, rest } = readLevels(page, maxRepetition, v1.num_values));
    ({ levels: definition, rest } = readLevels(rest, maxDefinition, v1.num_values));
  } else {
    const { num_values: count, repetition_levels_byte_length: first, definition_levels_byte_length: second } = v2!;
    if (!(first >= 0 && second >= 0 && first + second <= bytes.length)) throw new Error('levels do not fit');
    repetition = readRuns(bytes.subarray(0, first), bitsOf(maxRepetition), count);
    definition = readRuns(bytes.subarray(first, first + second), bitsOf(maxDefinition), count);
    const body = bytes.subarray(first + second);
    const size = header.uncompressed_page_size - first - second;
    rest = v2!.is_compressed === false ? body : decompressPage(body, size, codec, compressors);
  }
  if (maxDefinition > 0 && definition.some((level) => level !== maxDefinition)) {
    const message = `${source.name}: column ${column.name}: holds nulls or empty lists (expected a number in every place)`;
    throw new EigentraceError('input', message);
  }
  const { encoding, num_values: count } = (v1 ?? v2)!;
  const layout = { type: column.type, encoding, count };
  return { values: readValues(rest, layout, dictionary), repetition: column.isList ? repetition : null };
}

function readDictionary(bytes: Uint8Array, header: PageHeader, codec: CompressionCodec, type: FloatType): Float32Array {
  const page = decompressPage(bytes, header.uncompressed_page_size, codec, compressors);
  const count = header.dictionary_page_header?.num_values ?? 0;
  return readValues(page, { type, encoding: 'PLAIN', count }, null);
}

/** A page's header; its length is known only once it is parsed, so a short window is tried first. */
async function readHeader(
  source: ByteSource,
  start: number,
  end: number,
): Promise<{ header: PageHeader; length: number }> {
  for (let window = 4096; ; window *= 16) {
    const stop = Math.min(start + window, end);
    if (start >= end) throw broken(source, `a column ends at byte ${start}, before its last value`);
    const reader = { view: new DataView(exact(await source.read(start, stop))), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (stop === end || window > pageLimit) throw broken(source, messageOf(error), error);
    }
  }
}

function attempt<T>(source: ByteSource, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof EigentraceError) throw error;
    throw broken(source, messageOf(error), error);
  }
}

/** The buffer of exactly these bytes. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return whole ? bytes.buffer : Uint8Array.from(bytes).buffer;
}

export function broken(source: ByteSource, reason: string, cause?: unknown): EigentraceError {
  const message = `${source.name}: is not a readable parquet file (${reason}); fetch or write it again`;
  return new EigentraceError('input', message, { cause });
}
