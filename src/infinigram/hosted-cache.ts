/**
 * Answers of a hosted index on disk, by query, so that a stopped run goes on and a repeat asks nothing. They lie in 256
 * files by the first byte of the query's sha256, each a JSON object of query hash → answer, oldest first, written whole
 * under a lock. A file is bounded: its oldest answers go. A damaged one is as good as none; any may be deleted.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { readJson, withLock, writeAtomic } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';

/** Characters of one file: 256 of them make a quarter of a gigabyte. */
const fileLimit = 1 << 20;

const fileSchema = z.object({ format: z.literal(1), answers: z.record(z.string(), z.record(z.string(), z.unknown())) });

type Answers = Map<string, object>;

export class AnswerCache {
  readonly #folder: string;
  readonly #limit: number;
  /** Files read so far. */
  readonly #files = new Map<string, Promise<Answers>>();
  /** What waits to be written, and the writing under way, by file. */
  readonly #pending = new Map<string, { answers: Answers; written: Promise<void> }>();

  constructor(folder: string, limit = fileLimit) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** What is kept for a query, which the caller checks; null when there is nothing. */
  async get(query: object): Promise<object | null> {
    const key = keyOf(query);
    return (await this.#read(key.slice(0, 2))).get(key) ?? null;
  }

  /** Keeps an answer; done when it is on the disk. Answers that come while a file is being written go out together. */
  async set(query: object, answer: object): Promise<void> {
    const key = keyOf(query);
    const name = key.slice(0, 2);
    (await this.#read(name)).set(key, answer);
    const before = this.#pending.get(name);
    if (before && before.answers.size > 0) {
      before.answers.set(key, answer);
      return before.written;
    }
    const answers: Answers = new Map([[key, answer]]);
    const written = (before?.written.catch(() => undefined) ?? Promise.resolve()).then(() =>
      this.#write(name, answers),
    );
    this.#pending.set(name, { answers, written });
    return written;
  }

  #read(name: string): Promise<Answers> {
    let file = this.#files.get(name);
    if (!file) this.#files.set(name, (file = readFile(this.#path(name), 4 * this.#limit)));
    return file;
  }

  /** Adds to what is there by now: another process may have written. */
  async #write(name: string, fresh: Answers): Promise<void> {
    await withLock(`${this.#path(name)}.lock`, async () => {
      const answers = await readFile(this.#path(name), 4 * this.#limit);
      for (const [key, answer] of fresh) answers.set(key, answer);
      // From here on a later answer waits for the next writing.
      fresh.clear();
      await writeAtomic(this.#path(name), encode(answers, this.#limit));
    });
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

/** The answers as a file of at most `limit` characters, without the oldest where they are too many. */
function encode(answers: Answers, limit: number): string {
  const lines = [...answers].map(([key, answer]) => `${JSON.stringify(key)}:${JSON.stringify(answer)}`);
  let length = 0;
  let from = lines.length;
  while (from > 0 && length + lines[from - 1]!.length + 2 <= limit) length += lines[--from]!.length + 2;
  return `{"format":1,"answers":{\n${lines.slice(from).join(',\n')}\n}}\n`;
}

async function readFile(path: string, limit: number): Promise<Answers> {
  try {
    const { answers } = fileSchema.parse(await readJson(path, limit));
    return new Map(Object.entries(answers));
  } catch (error) {
    if (error instanceof EigentraceError || error instanceof z.ZodError) return new Map();
    throw error;
  }
}

function keyOf(query: object): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('hex').slice(0, 40);
}
