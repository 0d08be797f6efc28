/**
 * The ∞-grams of chosen tokens of sequences, from an index: once, since they don't depend on the checkpoint. They are kept
 * in the cache folder by index, tokens and places; a damaged file is as good as none. (A hosted index keeps every answer
 * besides, so that a stopped run goes on.)
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { readJson, writeAtomic } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { InfinigramIndex } from '../infinigram/infinigram.js';
import type { Gram } from './likelihood.js';

/** A sequence, and from where on its tokens are looked up. */
export interface Looked {
  readonly ids: Int32Array;
  readonly start: number;
}

export interface GramOptions {
  /** Null: nothing is kept. */
  readonly cacheFolder: string | null;
  readonly signal?: AbortSignal | undefined;
  /** Tokens looked up, and in all. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** Queries under way at once: enough for a hosted index's own bounds, and few enough for a local one. */
const atOnce = 32;

const count = z.int().min(0);
const fileSchema = z.object({ format: z.literal(1), grams: z.array(z.array(z.tuple([count, count, count]))) });

/** The ∞-grams of each sequence's tokens from its start on. */
export async function lookUp(
  index: InfinigramIndex,
  sequences: readonly Looked[],
  options: GramOptions,
): Promise<readonly (readonly Gram[])[]> {
  const total = sequences.reduce((sum, { ids, start }) => sum + ids.length - start, 0);
  const { cacheFolder, signal, onProgress } = options;
  const name = `${hashOf(index, sequences)}.json`;
  const path = cacheFolder === null ? null : join(cacheFolder, 'infinigram', 'grams', name);
  const kept = path === null ? null : await read(path, sequences);
  if (kept) return kept;

  const grams = sequences.map(({ ids, start }) => new Array<Gram>(ids.length - start));
  const tokens = sequences.flatMap(({ ids, start }, s) =>
    Array.from(grams[s]!, (_, i) => ({ s, i, at: start + i, ids })),
  );
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < tokens.length) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      const { s, i, at, ids } = tokens[next++]!;
      const { suffix_len, prompt_cnt, cont_cnt } = await index.infgramProb(ids.subarray(0, at), ids[at]!);
      grams[s]![i] = [suffix_len, prompt_cnt, cont_cnt];
      onProgress?.(++done, total);
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, tokens.length) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    next = tokens.length;
    await Promise.allSettled(workers);
    throw error;
  }
  if (path !== null) await writeAtomic(path, JSON.stringify({ format: 1, grams }));
  return grams;
}

/** Equal for equal tokens of an equal index. */
function hashOf(index: InfinigramIndex, sequences: readonly Looked[]): string {
  const hash = createHash('sha256').update(JSON.stringify({ format: 1, index: index.info.identity }));
  for (const { ids, start } of sequences) hash.update(JSON.stringify([start, ...ids]));
  return hash.digest('hex').slice(0, 40);
}

async function read(path: string, sequences: readonly Looked[]): Promise<Gram[][] | null> {
  try {
    const { grams } = fileSchema.parse(await readJson(path));
    const fits = grams.length === sequences.length && grams.every((each, s) => isOf(each, sequences[s]!));
    return fits ? grams : null;
  } catch (error) {
    if (error instanceof EigentraceError || error instanceof z.ZodError) return null;
    throw error;
  }
}

function isOf(grams: readonly Gram[], { ids, start }: Looked): boolean {
  return (
    grams.length === ids.length - start &&
    grams.every(([suffix, prompt, continuation], i) => suffix <= start + i && continuation <= prompt && prompt > 0)
  );
}
