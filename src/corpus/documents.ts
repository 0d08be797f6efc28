/** Documents of a corpus, one after the other over all its files: nothing is read before it is asked for. */
import type { FileIdentity } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { jsonlDocuments } from './jsonl.js';
import { parquetDocuments } from './parquet.js';
import { Place } from './place.js';
import { findCorpus, identityOf, openFile, type CorpusFile } from './source.js';
import { Tally } from './tally.js';
import { textDocuments } from './text.js';

export interface Document {
  /** Row number in the whole corpus, from 0; it counts through all files. */
  readonly index: number;
  readonly text: string;
  /** The file it comes from. */
  readonly path: string;
  /** Bytes of that file read so far, as it is stored (compressed; of parquet the field's column only). */
  readonly bytesRead: number;
  /** Line (of txt the first) or parquet row in that file, from 0. */
  readonly line: number;
  /** The other fields of a jsonl row. */
  readonly rest: Readonly<Record<string, unknown>>;
}

export interface DocumentOptions {
  /** Text field of jsonl and parquet rows. Default `text`. */
  field?: string;
  signal?: AbortSignal | undefined;
}

/** A corpus file that was opened. */
export interface OpenedFile {
  readonly file: CorpusFile;
  /** The file as it was before reading. */
  readonly identity: FileIdentity;
  readonly tally: Tally;
}

/** Documents of a CORPUS (interface.md) in row order. */
export async function* documents(corpus: string, options: DocumentOptions = {}): AsyncGenerator<Document> {
  const { files } = await findCorpus(corpus);
  yield* corpusDocuments(files, options.field ?? 'text', options.signal);
}

/** Documents of these files; each file that is opened is added to `opened`, with its tally. */
export async function* corpusDocuments(
  files: readonly CorpusFile[],
  field: string,
  signal?: AbortSignal,
  opened: OpenedFile[] = [],
): AsyncGenerator<Document> {
  let index = 0;
  for (const file of files) {
    const tally = new Tally();
    opened.push({ file, identity: await identityOf(file), tally });
    const place = new Place();
    for await (const text of fileDocuments(file, field, tally, signal, place)) {
      const { line, rest } = place;
      yield { index: index++, text, path: file.path, bytesRead: tally.bytesRead, line, rest };
    }
  }
}

/** Texts of one file; `tally` counts and hashes what was used of it, `place` says where the last one stands. */
export async function* fileDocuments(
  file: CorpusFile,
  field: string,
  tally: Tally,
  signal?: AbortSignal,
  place?: Place,
): AsyncGenerator<string> {
  const source = await openFile(file, signal);
  try {
    const options = { gzip: file.gzip, tally, place };
    const texts =
      file.format === 'txt'
        ? textDocuments(source, options)
        : file.format === 'jsonl'
          ? jsonlDocuments(source, field, options)
          : parquetDocuments(source, field, options);
    for await (const text of texts) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      tally.documents++;
      yield text;
    }
    tally.complete = true;
  } finally {
    await source.close();
  }
}
