/**
 * Rows of a data set with all their fields: `.jsonl`, `.jsonl.gz` (one object a line), `.parquet`, or the documents of
 * a text file as `{ text }`. Unlike documents.ts, which reads one column of millions of rows, a row here is whole.
 */
import type { ByteSource } from '../bytes/index.js';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { readParquetFile } from '../bytes/parquet.js';
import { EigentraceError, messageOf } from '../errors.js';
import { parseLine } from './jsonl.js';
import { lines } from './lines.js';
import { findCorpus, openFile, type CorpusFile } from './source.js';
import { textDocuments } from './text.js';

export interface DataRecord {
  /** FILE:LINE, or FILE, row N (from 0) of a parquet file. */
  readonly place: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** A row group is decoded whole. */
const groupLimit = 1 << 30;

/** The rows of a file, folder or glob, in order. */
export async function* records(path: string): AsyncGenerator<DataRecord> {
  for (const file of (await findCorpus(path)).files) yield* recordsOf(file);
}

async function* recordsOf(file: CorpusFile): AsyncGenerator<DataRecord> {
  const source = await openFile(file);
  try {
    const options = { gzip: file.gzip };
    if (file.format === 'parquet') yield* parquetRecords(source);
    else if (file.format === 'txt') {
      let number = 0;
      for await (const text of textDocuments(source, options)) {
        yield { place: `${source.name}, document ${number++}`, row: { text } };
      }
    } else {
      for await (const { number, text } of lines(source, options)) {
        if (text.trim() === '') continue;
        const place = `${source.name}:${number}`;
        const row = parseLine(text, place);
        if (typeof row !== 'object' || row === null || Array.isArray(row)) {
          const got = row === null ? 'null' : Array.isArray(row) ? 'a list' : `a ${typeof row}`;
          throw new EigentraceError('input', `${place}: is no row, got ${got} (expected a JSON object)`);
        }
        yield { place, row: row as DataRecord['row'] };
      }
    }
  } finally {
    await source.close();
  }
}

async function* parquetRecords(source: ByteSource): AsyncGenerator<DataRecord> {
  const { metadata } = await readParquetFile(source);
  const file = {
    byteLength: source.byteLength,
    slice: async (start: number, end = source.byteLength): Promise<ArrayBuffer> => {
      const bytes = await source.read(start, end);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
  };
  let row = 0;
  for (const group of metadata.row_groups) {
    const size = Number(group.total_byte_size);
    if (size > groupLimit) {
      throw new EigentraceError(
        'input',
        `${source.name}: a row group of ${size} bytes is too large to be held (expected at most ${groupLimit}); ` +
          'write the file with smaller row groups',
      );
    }
    const count = Number(group.num_rows);
    let rows: Record<string, unknown>[];
    try {
      rows = await parquetReadObjects({ file, metadata, compressors, rowStart: row, rowEnd: row + count });
    } catch (error) {
      if (error instanceof EigentraceError) throw error;
      throw new EigentraceError('input', `${source.name}: rows from ${row} can't be read (${messageOf(error)})`, {
        cause: error,
      });
    }
    for (const each of rows) yield { place: `${source.name}, row ${row++}`, row: plain(each) as DataRecord['row'] };
  }
}

/** Values as JSON has them: whole numbers of 64 bits where they are exact, dates as text. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  }
  return value;
}
