/**
 * One blob: fetched by ranges, several at once, written in order, so that the partial file is always a prefix and a killed
 * download goes on where it ended; hashed as it is written, and given its name only when the hash is the one that was listed.
 */
import { createHash, type Hash } from 'node:crypto';
import { PartialFile } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { Gate } from './gate.js';
import type { HubHttp } from './http.js';
import { RangeIgnored, Ranges, type RemoteFile } from './ranges.js';

export interface BlobRequest extends RemoteFile {
  /** sha256 of a large file, else git's sha1 of its blob. */
  readonly oid: string;
  /** Where it will lie, and where it grows. */
  readonly path: string;
  readonly partial: string;
}

export interface BlobHooks {
  readonly signal?: AbortSignal | undefined;
  /** Connections of all downloads. */
  readonly gate: Gate;
  /** Bytes that arrived; less than 0 where they have to come again. */
  readonly onBytes: (bytes: number) => void;
}

/** Bytes of a range, and how many are fetched ahead of the one that is written: what memory a download takes. */
const range = 8 << 20;
const ahead = 4;

/** Fetches a blob; what is there of it already is kept. A wrong hash is tried once more from the start. */
export async function fetchBlob(http: HubHttp, request: BlobRequest, hooks: BlobHooks): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const file = await PartialFile.open(request.partial);
    let committed = false;
    try {
      if (file.length > request.size) await file.cut(0);
      const hash = startHash(request);
      for await (const chunk of file.content()) hash.update(chunk);
      await grow(http, request, file, hash, hooks);
      const got = hash.digest('hex');
      if (got === request.oid) {
        committed = true;
        await file.commit(request.path);
        return;
      }
      hooks.onBytes(-file.length);
      await file.cut(0);
      if (attempt === 2) {
        const kind = request.oid.length === 64 ? 'sha256' : 'sha1';
        throw new EigentraceError(
          'integrity',
          `${request.subject}: ${request.asked} came with the wrong ${kind} twice, got ${got.slice(0, 12)}… (expected ${request.oid.slice(0, 12)}…); try again, and if it stays so tell the repository's owner`,
        );
      }
    } finally {
      if (!committed) await file.close();
    }
  }
}

/** As git hashes a blob, or the plain sha256 of LFS. */
function startHash({ oid, size }: BlobRequest): Hash {
  return oid.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

async function grow(
  http: HubHttp,
  request: BlobRequest,
  file: PartialFile,
  hash: Hash,
  hooks: BlobHooks,
): Promise<void> {
  const ranges = new Ranges(http, request);
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    await file.append(bytes);
    hooks.onBytes(bytes.length);
  };
  const { size } = request;
  if (file.length >= size) return;
  // An abort of ours ends the ranges that are still on their way when one of them fails.
  const stop = new AbortController();
  const signal = hooks.signal ? AbortSignal.any([hooks.signal, stop.signal]) : stop.signal;
  const pieces: Piece[] = [];
  let next = file.length;
  // The first answer tells whether the server knows ranges: nothing is asked ahead of it.
  let ahead_ = 1;
  const fill = (): void => {
    while (pieces.length < ahead_ && next < size) {
      const end = Math.min(size, next + range);
      pieces.push(new Piece(ranges, next, end, hooks.gate, signal));
      next = end;
    }
  };
  try {
    fill();
    while (pieces.length > 0) {
      for await (const bytes of pieces[0]!.content()) {
        ahead_ = ahead;
        fill();
        await write(bytes);
      }
      pieces.shift();
      fill();
    }
  } catch (error) {
    stop.abort();
    await Promise.all(pieces.map((piece) => piece.ended));
    if (!(error instanceof RangeIgnored)) throw error;
    await hooks.gate.through(() => ranges.readWhole(file.length, write, hooks.signal));
  } finally {
    stop.abort();
  }
}

/** A range on its way: its bytes are read as they come, or kept until the ranges before it are written. */
class Piece {
  /** Settles when nothing more comes. */
  readonly ended: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  #state: 'coming' | 'done' | { error: unknown } = 'coming';
  #wake: () => void = () => undefined;

  constructor(ranges: Ranges, start: number, end: number, gate: Gate, signal: AbortSignal) {
    const take = (bytes: Uint8Array): void => {
      this.#chunks.push(bytes);
      this.#wake();
    };
    this.ended = gate
      .through(() => ranges.read(start, end, take, { signal }))
      .then(
        () => (this.#state = 'done'),
        (error: unknown) => (this.#state = { error }),
      )
      .then(() => this.#wake());
  }

  async *content(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) yield chunk;
      else if (this.#state === 'done') return;
      else if (this.#state !== 'coming') throw this.#state.error;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
