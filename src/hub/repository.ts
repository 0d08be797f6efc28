/**
 * What a repository holds, as the Hub's API tells it: refs, the commit of a revision, the files of a commit. Everything that
 * comes from outside is checked: names become paths in the cache.
 */
import * as z from 'zod';
import { EigentraceError } from '../errors.js';
import type { HubHttp } from './http.js';

export type RepositoryKind = 'models' | 'datasets';

/** A file of a commit. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Of the git object: what is stored in git, a pointer for large files. */
  readonly gitOid: string;
  /** Of the content of a large file (LFS or Xet); null for a small one. */
  readonly sha256: string | null;
  readonly xetHash: string | null;
}

/** The name of a file's blob in the cache: its etag. */
export const oidOf = ({ gitOid, sha256 }: HubFile): string => sha256 ?? gitOid;

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

const commit = z.string().regex(/^[0-9a-f]{40}$/);
const refSchema = z.looseObject({ name: z.string().min(1).max(250), targetCommit: commit });
const refsSchema = z.looseObject({
  branches: z.array(refSchema).default([]),
  tags: z.array(refSchema).default([]),
});
const infoSchema = z.looseObject({ sha: commit });
const treeSchema = z.array(
  z.looseObject({
    type: z.string(),
    path: z.string().max(4096),
    size: z.int().min(0).default(0),
    oid: z.string().regex(/^[0-9a-f]{40}$/),
    lfs: z.looseObject({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).nullish(),
    xetHash: z.string().nullish(),
  }),
);

/** Pages of a listing: 1,000 files each. */
const pages = 100;

export class Repository {
  readonly kind: RepositoryKind;
  readonly id: string;
  readonly #http: HubHttp;

  constructor(http: HubHttp, kind: RepositoryKind, id: string) {
    this.#http = http;
    this.kind = kind;
    this.id = id;
  }

  /** What errors and addresses call it. */
  get subject(): string {
    return this.kind === 'models' ? this.id : `datasets/${this.id}`;
  }

  /** Branches and tags with their commits, each name once. */
  async refs(signal?: AbortSignal): Promise<Map<string, string>> {
    const { branches, tags } = await this.#ask(refsSchema, `${this.#api}/refs`, null, signal);
    const refs = new Map<string, string>();
    for (const { name, targetCommit } of [...branches, ...tags]) {
      if (isRefName(name) && !refs.has(name)) refs.set(name, targetCommit);
    }
    return refs;
  }

  /** The commit of a branch, tag, pull request or (part of a) commit. */
  async commitOf(revision: string, signal?: AbortSignal): Promise<string> {
    const url = `${this.#api}/revision/${encodeURIComponent(revision)}`;
    return (await this.#ask(infoSchema, url, revision, signal)).sha;
  }

  /** All files of a commit. */
  async files(commit: string, signal?: AbortSignal): Promise<HubFile[]> {
    const files: HubFile[] = [];
    let url: string | null = `${this.#api}/tree/${commit}?recursive=true&expand=false`;
    for (let page = 0; url !== null; page++) {
      if (page === pages)
        throw new EigentraceError('input', `${this.subject}: lists too many files, got over ${files.length}`);
      const { json, headers } = await this.#http.json(url, { subject: this.subject, asked: commit, signal });
      for (const entry of this.#check(treeSchema, json, url)) {
        if (entry.type !== 'file' || !isSafePath(entry.path)) continue;
        const { path, oid, lfs, xetHash } = entry;
        files.push({
          path,
          size: lfs?.size ?? entry.size,
          gitOid: oid,
          sha256: lfs?.oid ?? null,
          xetHash: xetHash ?? null,
        });
      }
      url = nextPage(headers['link'], url);
    }
    return files;
  }

  /** Where a file's content is. */
  resolve(commit: string, path: string): string {
    const { endpoint } = this.#http.settings;
    return `${endpoint}/${this.subject}/resolve/${encodeURIComponent(commit)}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  get #api(): string {
    return `${this.#http.settings.endpoint}/api/${this.kind}/${this.id}`;
  }

  async #ask<T>(schema: z.ZodType<T>, url: string, asked: string | null, signal?: AbortSignal): Promise<T> {
    const { json } = await this.#http.json(url, { subject: this.subject, asked, signal });
    return this.#check(schema, json, url);
  }

  #check<T>(schema: z.ZodType<T>, json: unknown, url: string): T {
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0]!;
    throw new EigentraceError(
      'input',
      `${this.subject}: ${url} is not what the Hub answers (${path.join('.') || 'all of it'}: ${message})`,
    );
  }
}

/** `<https://…?cursor=…>; rel="next"`, which must stay where it is. */
function nextPage(link: string | undefined, url: string): string | null {
  const next = /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(link ?? '')?.[1];
  if (next === undefined || !URL.canParse(next, url)) return null;
  const address = new URL(next, url);
  // Behind a mirror the link names the Hub itself.
  return new URL(address.pathname + address.search, url).href;
}

/** A plain path below a folder, on every system. */
export function isSafePath(path: string): boolean {
  return (
    path !== '' &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0:]/.test(part))
  );
}

/** A ref becomes a file below `refs/`. */
function isRefName(name: string): boolean {
  return isSafePath(name);
}
