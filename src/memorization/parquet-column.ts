/**
 * One column of texts of a parquet file, a text a row: a plain column, a field of a struct (TriviaQA's `answer.value`), or
 * the first of a list (`answers`). Pages are read one at a time and no other column is touched: TriviaQA's rows carry
 * megabytes of search results beside the question.
 */
import type { SchemaTree } from 'hyparquet';
import type { ByteSource } from '../bytes/index.js';
import { brokenParquet, parquetChunk, parquetPages, type ParquetFile } from '../bytes/parquet.js';
import { decode } from '../corpus/lines.js';
import { readDictionary, textsOf } from '../corpus/parquet-texts.js';

/** A question is no book. */
const pageLimit = 64 * 1024 * 1024;
const valueLimit = 1 << 24;

/** The path from the root to the texts of a field, through a struct's `value` and lists; null where it has none. */
export function textColumn(root: SchemaTree, field: string): SchemaTree[] | null {
  const path = [root];
  let node = root.children.find(({ element }) => element.name === field);
  while (node) {
    path.push(node);
    const { type, converted_type: converted } = node.element;
    if (node.children.length === 0) {
      return type === 'BYTE_ARRAY' && (converted === undefined || converted === 'UTF8') ? path : null;
    }
    const children: SchemaTree[] = node.children;
    node = children.length === 1 ? children[0] : children.find(({ element }) => element.name === 'value');
  }
  return null;
}

/** The texts by row; null where a row has none. */
export async function* columnTexts(
  source: ByteSource,
  { metadata }: ParquetFile,
  schemaPath: readonly SchemaTree[],
): AsyncGenerator<string | null> {
  const names = schemaPath.slice(1).map(({ element }) => element.name);
  const label = `"${names.join('.')}"`;
  for (const group of metadata.row_groups) {
    const meta = parquetChunk(group, names);
    if (!meta) throw brokenParquet(source, `no data for column ${label}`);
    let dictionary: Uint8Array[] | null = null;
    let row: { text: string | null } | null = null;
    for await (const page of parquetPages(source, meta, { label, schemaPath, pageLimit, valueLimit })) {
      if (page.kind === 'dictionary') {
        dictionary = readDictionary(source, page);
        continue;
      }
      let entry = 0;
      for (const bytes of textsOf(source, page, dictionary)) {
        // A repetition level of 0 begins a row; others go on with its list.
        const begins = page.repetition.length === 0 || page.repetition[entry] === 0;
        entry++;
        if (begins && row) yield row.text;
        if (begins) row = { text: null };
        if (row && row.text === null && bytes !== null) row.text = decode(bytes, `${source.name}: column ${label}`, 0);
      }
    }
    if (row) yield row.text;
  }
}
