/**
 * Documents of a `.txt` file: runs of lines, joined by line feeds, that end at a line of nothing but white space or
 * of `<|endoftext|>`. Separators one after the other make no empty documents.
 */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { documentLimit, lines, type LineOptions } from './lines.js';
import type { Place } from './place.js';

export async function* textDocuments(
  source: ByteSource,
  options: LineOptions & { place?: Place | undefined } = {},
): AsyncGenerator<string> {
  const { limit = documentLimit, place } = options;
  let document: string[] = [];
  let length = 0;
  let first = 0;
  for await (const { number, text } of lines(source, options)) {
    const content = text.trim();
    if (content === '' || content === '<|endoftext|>') {
      if (place) place.line = first - 1;
      if (document.length > 0) yield document.join('\n');
      document = [];
      length = 0;
      continue;
    }
    if (document.length === 0) first = number;
    document.push(text);
    length += text.length + 1;
    if (length > limit) {
      throw new EigentraceError(
        'input',
        `${source.name}: the document from line ${first} is too long, got over ${length} characters (expected at most ${limit}; ` +
          'documents end at an empty line or at a line of <|endoftext|>)',
      );
    }
  }
  if (place) place.line = first - 1;
  if (document.length > 0) yield document.join('\n');
}
