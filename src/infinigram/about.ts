/**
 * What we say of an index beyond infini-gram's own files: `eigentrace.json` in its folder, whose name the engine doesn't
 * look at. While an index is built it says which shards' texts are whole, so that a stopped build goes on.
 */
import * as z from 'zod';
import { kindOf, readJson, writeAtomic } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { TokenWidth } from './kernel/layout.js';

export type TokenDtype = 'u8' | 'u16' | 'u32';
export const widthOf: Readonly<Record<TokenDtype, TokenWidth>> = { u8: 1, u16: 2, u32: 4 };
export const dtypeOf = (width: TokenWidth): TokenDtype => (width === 1 ? 'u8' : width === 2 ? 'u16' : 'u32');

export const aboutName = 'eigentrace.json';
/** infini-gram's format of the files. */
export const indexVersion = 4;

const count = z.int().min(0);
const aboutSchema = z.object({
  /** Of this file. */
  format: z.literal(1),
  version: z.number(),
  complete: z.boolean(),
  dtype: z.enum(['u8', 'u16', 'u32']),
  tokenizer: z.object({ path: z.string(), sha256: z.string(), vocabulary: count, library: z.string() }),
  corpus: z.object({
    name: z.string(),
    field: z.string(),
    files: z.array(z.object({ path: z.string(), bytes: count })),
  }),
  /** Everything that determines the shards, hashed. */
  request: z.string(),
  /** Texts that are whole, in order; a shard's documents are rows `from` … `from + documents − 1` of the corpus. */
  shards: z.array(z.object({ from: count, documents: count, tokens: count, sha256: z.string() })),
});
export type About = z.infer<typeof aboutSchema>;

/** What the folder says; null where there is no such file: an index made by infini-gram itself, or none. */
export async function readAbout(folder: string): Promise<About | null> {
  const path = `${folder}/${aboutName}`;
  if ((await kindOf(path)) === null) return null;
  const json = await readJson(path, 64 * 1024 * 1024);
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== indexVersion) {
    const message = `index ${folder}: is of version ${version} (expected ${indexVersion}); build it again with this program`;
    throw new EigentraceError('input', message);
  }
  const parsed = aboutSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0]!;
  throw new EigentraceError('input', `${path}: is damaged, got ${at.map(String).join('.') || 'the file'}: ${message}`);
}

export async function writeAbout(folder: string, about: About): Promise<void> {
  await writeAtomic(`${folder}/${aboutName}`, `${JSON.stringify(about, null, 1)}\n`);
}
