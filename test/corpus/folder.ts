/** A temporary folder a test file, and short texts of a known number of sample tokens. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { openTokenizer, type Tokenizer } from '../../src/corpus/index.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** Real data that is not part of the package; tests that need it are skipped where it is absent. */
export const shared = join(root, '../shared');

export function temporaryFolder(): { path: string; write: (name: string, content: string | Uint8Array) => string } {
  const path = mkdtempSync(join(tmpdir(), 'eigentrace-corpus-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write: (name, content) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

export function sampleTokenizer(): Promise<Tokenizer> {
  return openTokenizer(join(root, 'sample/series/tokenizer.json'));
}

/** A tokenizer that counts its calls. Its tokens are the words; their ids are their lengths. */
export class WordTokenizer implements Tokenizer {
  readonly name = 'words';
  readonly vocabularySize = 100;
  readonly sha256: string;
  calls = 0;

  constructor(sha256 = 'words') {
    this.sha256 = sha256;
  }

  encode(text: string): Int32Array {
    this.calls++;
    return Int32Array.from(text.match(/\S+/g) ?? [], (word) => word.length);
  }
}

/** All of an async sequence. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The message of the error that `work` ends with. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('no error was thrown');
}
