/** A tokenizer that is named by its file, or by the folder that holds it: the file alone, as indexes record it. */
import { join } from 'node:path';
import { kindOf } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { openTokenizer, type TwoWayTokenizer } from './tokenizer.js';

export async function openTokenizerAt(place: string): Promise<TwoWayTokenizer> {
  const file = (await kindOf(place)) === 'folder' ? join(place, 'tokenizer.json') : place;
  if ((await kindOf(file)) === 'file') return await openTokenizer(file);
  const message = `tokenizer ${place}: no tokenizer.json there (expected the file, or a folder that holds one)`;
  throw new EigentraceError('input', message);
}
