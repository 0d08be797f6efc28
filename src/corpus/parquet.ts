/**
 * Documents of a parquet file: the texts of one string column. Pages are read one at a time, since a row group may hold
 * a million rows in gigabytes; each is read and decompressed once, no other column is read, texts are decoded as they
 * are asked for, and reading stops in the page where the caller stops.
 */
import type { SchemaTree } from 'hyparquet';
import type { ByteSource } from '../bytes/index.js';
import { brokenParquet, parquetChunk, parquetPages, readParquetFile } from '../bytes/parquet.js';
import { EigentraceError } from '../errors.js';
import { missingField } from './jsonl.js';
import { decode, documentLimit } from './lines.js';
import { readDictionary, textsOf } from './parquet-texts.js';
import type { Place } from './place.js';
import { Tally } from './tally.js';

/** A page holds at least one document. */
const pageLimit = 8 * documentLimit;
const valueLimit = 1 << 24;

export async function* parquetDocuments(
  source: ByteSource,
  field: string,
  options: { tally?: Tally; place?: Place | undefined } = {},
): AsyncGenerator<string> {
  const { tally = new Tally(), place } = options;
  const counted = tally.counting(source);
  const { metadata, schema } = await readParquetFile(counted);
  const schemaPath = stringColumn(schema, field, source.name);
  const label = `"${field}"`;
  let row = 0;
  for (const group of metadata.row_groups) {
    const meta = parquetChunk(group, [field]);
    if (!meta) throw brokenParquet(source, `no data for column ${label}`);
    let dictionary: Uint8Array[] | null = null;
    for await (const page of parquetPages(counted, meta, { label, schemaPath, pageLimit, valueLimit })) {
      if (page.kind === 'dictionary') {
        dictionary = readDictionary(source, page);
        continue;
      }
      for (const bytes of textsOf(source, page, dictionary)) {
        if (bytes === null) {
          const message = `${source.name}: field "${field}" of row ${row} is no text, got null (expected a string)`;
          throw new EigentraceError('input', message);
        }
        const value = decode(bytes, `${source.name}: a text of column "${field}"`, 0);
        tally.add(Buffer.from(`${value}\n`));
        if (place) place.line = row;
        row++;
        yield value;
      }
    }
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
