/**
 * Documents of a parquet file: the texts of one string column. hyparquet decodes the pages; they are read one at a
 * time, since a row group may hold a million rows in gigabytes. Each page is read and decoded once, no other column
 * is read, and reading stops in the page where the caller stops. Sizes are checked before anything is allocated.
 */
import {
  parquetMetadataAsync,
  parquetSchema,
  type ColumnMetaData,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { compressors } from 'hyparquet-compressors';
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { missingField } from './jsonl.js';
import { decode, documentLimit } from './lines.js';
import { Tally } from './tally.js';

type PageHeader = ReturnType<typeof parquetHeader>;
type ColumnDecoder = Parameters<typeof convert>[1];
type Values = ReturnType<typeof convert>;

/** The footer and a page are held in memory as a whole; a page holds at least one document. */
const footerLimit = 256 * 1024 * 1024;
const pageLimit = 8 * documentLimit;

export async function* parquetDocuments(
  source: ByteSource,
  field: string,
  options: { tally?: Tally } = {},
): AsyncGenerator<string> {
  const { tally = new Tally() } = options;
  const counted = tally.counting(source);
  const { metadata, schema } = await readMetadata(counted);
  const schemaPath = stringColumn(schema, field, source.name);
  let row = 0;
  for (const group of metadata.row_groups) {
    const column = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema[0] === field);
    if (!column?.meta_data || column.file_path) throw broken(source, `no data for column "${field}"`);
    for await (const values of pages(counted, decoder(column.meta_data, schemaPath, source.name), column.meta_data)) {
      for (const value of values as unknown[]) {
        if (typeof value !== 'string') {
          const got = value === null || value === undefined ? 'null' : `a ${typeof value}`;
          const message = `${source.name}: field "${field}" of row ${row} is no text, got ${got} (expected a string)`;
          throw new EigentraceError('input', message);
        }
        tally.add(Buffer.from(`${value}\n`));
        row++;
        yield value;
      }
    }
  }
}

async function readMetadata(source: ByteSource): Promise<{ metadata: FileMetaData; schema: SchemaTree }> {
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

/** The path from the root to the field, which must be a plain column of strings. */
function stringColumn(root: SchemaTree, field: string, name: string): SchemaTree[] {
  const child = root.children.find(({ element }) => element.name === field);
  if (!child)
    throw missingField(
      name,
      field,
      root.children.map(({ element }) => element.name),
    );
  const { type, repetition_type: repetition, converted_type: converted } = child.element;
  const plain = child.children.length === 0 && repetition !== 'REPEATED' && type === 'BYTE_ARRAY';
  if (plain && (converted === undefined || converted === 'UTF8')) return [root, child];
  const got =
    child.children.length > 0 || repetition === 'REPEATED' ? 'a nested column' : (converted ?? type ?? 'nothing');
  throw new EigentraceError('input', `${name}: field "${field}" is no text, got ${got} (expected a column of strings)`);
}

function decoder(meta: ColumnMetaData, schemaPath: SchemaTree[], name: string): ColumnDecoder {
  return {
    pathInSchema: meta.path_in_schema,
    type: meta.type,
    codec: meta.codec,
    element: schemaPath[1]!.element,
    schemaPath,
    compressors,
    parsers: {
      ...DEFAULT_PARSERS,
      // Nulls come through here too; a byte offset inside a page would help nobody.
      stringFromBytes: (bytes: Uint8Array | undefined) =>
        bytes ? decode(bytes, `${name}: a text of column "${meta.path_in_schema.join('.')}"`, 0) : null,
    },
  };
}

/** Values of the data pages of one column chunk, in order. */
async function* pages(source: ByteSource, column: ColumnDecoder, meta: ColumnMetaData): AsyncGenerator<Values> {
  // A dictionary offset of 0 means there is none (old writers).
  let offset = Number(meta.dictionary_page_offset ? meta.dictionary_page_offset : meta.data_page_offset);
  const end = offset + Number(meta.total_compressed_size);
  if (!(offset >= 4 && end >= offset && end <= source.byteLength)) {
    throw broken(
      source,
      `column "${meta.path_in_schema.join('.')}" claims bytes ${offset}..${end} of ${source.byteLength}`,
    );
  }
  let dictionary: Values | undefined;
  let left = Number(meta.num_values);
  while (left > 0) {
    const { header, length } = await readHeader(source, offset, end);
    const start = offset + length;
    offset = start + header.compressed_page_size;
    if (header.compressed_page_size < 0 || offset > end || !(header.uncompressed_page_size <= pageLimit)) {
      const sizes = `${header.compressed_page_size} bytes, uncompressed ${header.uncompressed_page_size}`;
      throw broken(source, `a page at byte ${start} claims ${sizes} (at most ${pageLimit})`);
    }
    if (header.type === 'INDEX_PAGE') continue;
    const view = new DataView(exact(await source.read(start, offset)));
    let data: Values | undefined;
    try {
      data = readPage({ view, offset: 0 }, header, column, dictionary, undefined, 0).data;
      if (data && header.type === 'DICTIONARY_PAGE') dictionary = convert(data, column);
    } catch (error) {
      if (error instanceof EigentraceError) throw error;
      throw broken(source, messageOf(error), error);
    }
    if (!data || header.type === 'DICTIONARY_PAGE') continue;
    if (data.length === 0 || data.length > left)
      throw broken(source, `a page at byte ${start} has ${data.length} rows`);
    left -= data.length;
    yield data;
  }
}

/** A page's header; its length is known only once it is parsed, so a short window is tried first. */
async function readHeader(
  source: ByteSource,
  start: number,
  end: number,
): Promise<{ header: PageHeader; length: number }> {
  for (let window = 4096; ; window *= 16) {
    const stop = Math.min(start + window, end);
    if (start >= end) throw broken(source, `a column ends at byte ${start}, before its last row`);
    const reader = { view: new DataView(exact(await source.read(start, stop))), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (stop === end || window > pageLimit) throw broken(source, messageOf(error), error);
    }
  }
}

/** The buffer of exactly these bytes. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return whole ? bytes.buffer : Uint8Array.from(bytes).buffer;
}

function broken(source: ByteSource, reason: string, cause?: unknown): EigentraceError {
  const message = `${source.name}: is not a readable parquet file (${reason}); fetch or write it again`;
  return new EigentraceError('input', message, { cause });
}
