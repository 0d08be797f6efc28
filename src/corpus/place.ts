/** Where a document stands in its file, and what else its row says: filled by the readers, document by document. */
export class Place {
  /** Line (of txt the document's first) or parquet row, from 0. */
  line = 0;
  /** The other fields of a jsonl row. */
  rest: Readonly<Record<string, unknown>> = {};
}
