/**
 * A Hub on this machine: repositories made of files, with branches and tags, git and LFS ids, a storage host on a second port
 * to which large files are redirected, and faults that can be switched on. What was asked for is logged.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Content by path below the repository's root. */
export type Files = Record<string, Uint8Array | string>;

export interface ServedRepository {
  /** By name: a folder's path, or its files. */
  branches: Record<string, string | Files>;
  tags?: Record<string, string | Files>;
  /** The only token that may read it. */
  token?: string;
  /** Conditions not accepted: nobody may read files. */
  gated?: boolean;
  /** Of a data set: its parquet files by config and split, paths in `main`. */
  parquet?: Record<string, Record<string, string[]>>;
}

export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** The connection is cut after so many bytes of each answer. */
  | { cut: number | (() => number) }
  /** One byte of the content is another; sizes stay. */
  | { wrong: true }
  /** Ranges are ignored: always 200 with everything. */
  | { noRange: true }
  /** Bytes a write, milliseconds between them. */
  | { drip: { bytes: number; every: number } }
  /** No answer at all. */
  | { hang: true };

export interface Logged {
  readonly host: 'hub' | 'storage';
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
  status: number;
  /** Bytes of the body that were given to the connection. */
  sent: number;
}

interface Stored {
  readonly path: string;
  readonly bytes: Buffer;
  readonly oid: string;
  readonly sha256: string | null;
}

interface Commit {
  readonly sha: string;
  readonly files: Map<string, Stored>;
}

interface Repository {
  readonly options: ServedRepository;
  readonly branches: Map<string, Commit>;
  readonly tags: Map<string, Commit>;
}

const sha1 = (bytes: Uint8Array | string): string => createHash('sha1').update(bytes).digest('hex');

export class HubServer {
  readonly log: Logged[] = [];
  readonly #repositories = new Map<string, Repository>();
  readonly #faults: { match: RegExp; fault: Fault; left: number }[] = [];
  readonly #servers: Server[] = [];
  /** Files a page of a listing. */
  pageSize = 1000;
  endpoint = '';
  storage = '';

  static async start(): Promise<HubServer> {
    const hub = new HubServer();
    hub.storage = await hub.#listen('storage');
    hub.endpoint = await hub.#listen('hub');
    return hub;
  }

  /** Adds or replaces a repository; a data set's name begins with `datasets/`. */
  async serve(name: string, options: ServedRepository): Promise<void> {
    const read = async (refs: Record<string, string | Files>): Promise<Map<string, Commit>> => {
      const commits = new Map<string, Commit>();
      for (const [ref, files] of Object.entries(refs)) {
        commits.set(ref, commitOf(`${name}@${ref}`, typeof files === 'string' ? await filesIn(files) : files));
      }
      return commits;
    };
    this.#repositories.set(name, {
      options,
      branches: await read(options.branches),
      tags: await read(options.tags ?? {}),
    });
  }

  /** Switches a fault on for requests whose `METHOD host path` fits, for the next `times` of them; the result switches it off. */
  fault(match: RegExp, fault: Fault, times = Infinity): () => void {
    const entry = { match, fault, left: times };
    this.#faults.push(entry);
    return () => void this.#faults.splice(this.#faults.indexOf(entry), 1);
  }

  clearFaults(): void {
    this.#faults.length = 0;
  }

  /** The environment of a client whose cache is `cache`. */
  env(cache: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
    return { HF_ENDPOINT: this.endpoint, HF_HOME: cache, HOME: cache, HF_HUB_DOWNLOAD_TIMEOUT: '5', ...more };
  }

  commit(name: string, ref: string): string {
    const repository = this.#repositories.get(name)!;
    return (repository.branches.get(ref) ?? repository.tags.get(ref))!.sha;
  }

  sha256(bytes: Uint8Array): string {
    return createHash('sha256').update(bytes).digest('hex');
  }

  /** Bytes of content that storage and hub gave for paths that fit. */
  sent(match: RegExp): number {
    return this.log.filter(({ path }) => match.test(path)).reduce((sum, { sent }) => sum + sent, 0);
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #listen(host: Logged['host']): Promise<string> {
    const server = createServer((request, response) => void this.#answer(host, request, response));
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #answer(host: Logged['host'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const method = request.method ?? 'GET';
    const entry: Logged = {
      ...{ host, method, path, range: request.headers.range ?? null, status: 0, sent: 0 },
      authorization: request.headers.authorization ?? null,
    };
    this.log.push(entry);
    const faults = this.#faults.filter(({ match, left }) => left > 0 && match.test(`${method} ${host} ${path}`));
    for (const fault of faults) fault.left--;
    const kinds = faults.map(({ fault }) => fault);
    const answer = new Answer(response, entry, kinds);
    try {
      const status = kinds.find((fault) => 'status' in fault);
      if (kinds.some((fault) => 'hang' in fault)) return;
      if (status && 'status' in status) answer.text(status.status, status.headers ?? {}, status.body ?? '');
      else if (host === 'storage')
        await this.#content(answer, request, decodeURIComponent(path.split('?')[0]!.slice(1)));
      else await this.#hub(answer, request, new URL(path, this.endpoint));
    } catch (error) {
      answer.text(500, {}, String(error));
    }
  }

  async #hub(answer: Answer, request: IncomingMessage, url: URL): Promise<void> {
    const api = /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\/(refs|revision|tree|parquet)(?:\/([^/]+))?/.exec(
      url.pathname,
    );
    const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const name = api
      ? `${api[1] === 'datasets' ? 'datasets/' : ''}${api[2]!}`
      : file
        ? `${file[1] ?? ''}${file[2]!}`
        : '';
    const repository = this.#repositories.get(name);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? null;
    if (token === 'invalid') {
      answer.text(401, { 'x-error-message': 'Invalid credentials in Authorization header' }, '{}');
      return;
    }
    if (!repository || (repository.options.token !== undefined && token !== repository.options.token)) {
      const status = token === null ? 401 : 404;
      answer.text(status, { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' }, '{}');
      return;
    }
    if (repository.options.gated && (file || api?.[3] === 'tree')) {
      answer.text(403, { 'x-error-code': 'GatedRepo', 'x-error-message': 'Access to this model is restricted' }, '{}');
      return;
    }
    if (api?.[3] === 'refs') {
      const refs = (commits: Map<string, Commit>, kind: string): object[] =>
        [...commits].map(([ref, { sha }]) => ({ name: ref, ref: `refs/${kind}/${ref}`, targetCommit: sha }));
      answer.json({ branches: refs(repository.branches, 'heads'), converts: [], tags: refs(repository.tags, 'tags') });
      return;
    }
    if (api?.[3] === 'parquet') {
      const listed = Object.entries(repository.options.parquet ?? {}).map(([config, splits]) => [
        config,
        Object.fromEntries(
          Object.entries(splits).map(([split, paths]) => [
            split,
            paths.map((path) => `${this.endpoint}/${name}/resolve/main/${path}`),
          ]),
        ),
      ]);
      answer.json(Object.fromEntries(listed));
      return;
    }
    const revision = decodeURIComponent(api?.[4] ?? file?.[3] ?? '');
    const commit =
      repository.branches.get(revision) ??
      repository.tags.get(revision) ??
      [...repository.branches.values(), ...repository.tags.values()].find(
        ({ sha }) => sha === revision || (revision.length >= 7 && sha.startsWith(revision)),
      );
    if (!commit) {
      answer.text(404, { 'x-error-code': 'RevisionNotFound', 'x-error-message': `Invalid rev id: ${revision}` }, '{}');
      return;
    }
    if (api?.[3] === 'revision') {
      const siblings = [...commit.files.keys()].map((path) => ({ rfilename: path }));
      answer.json({ id: name, sha: commit.sha, siblings, private: false, gated: false });
      return;
    }
    if (api) {
      const start = Number(url.searchParams.get('cursor') ?? 0);
      const files = [...commit.files.values()];
      const page = files.slice(start, start + this.pageSize).map(({ path, bytes, oid, sha256 }) => ({
        ...{ type: 'file', path, size: bytes.length, oid },
        ...(sha256 === null ? {} : { lfs: { oid: sha256, size: bytes.length, pointerSize: 134 } }),
      }));
      const next = start + this.pageSize;
      const link = `<${this.endpoint}${url.pathname}?recursive=true&expand=false&cursor=${next}>; rel="next"`;
      answer.json(page, next < files.length ? { link } : {});
      return;
    }
    const stored = commit.files.get(decodeURIComponent(file?.[4] ?? ''));
    if (!stored) {
      answer.text(404, { 'x-error-code': 'EntryNotFound', 'x-error-message': 'Entry not found' }, '');
      return;
    }
    const { bytes, oid, sha256 } = stored;
    if (sha256 === null) {
      await answer.bytes(bytes, request, { etag: `"${oid}"`, 'x-repo-commit': commit.sha });
      return;
    }
    answer.text(302, {
      'x-repo-commit': commit.sha,
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': String(bytes.length),
      location: `${this.storage}/${name}/${sha256}/${encodeURIComponent(stored.path)}?signature=abc`,
    });
  }

  async #content(answer: Answer, request: IncomingMessage, path: string): Promise<void> {
    const sha256 = /\/([0-9a-f]{64})\//.exec(`/${path}`)?.[1];
    for (const { branches, tags } of this.#repositories.values()) {
      for (const { files } of [...branches.values(), ...tags.values()]) {
        const stored = [...files.values()].find((each) => each.sha256 === sha256);
        if (stored) return answer.bytes(stored.bytes, request, { etag: `"${sha256}"` });
      }
    }
    answer.text(404, {}, 'not here');
  }
}

class Answer {
  readonly #response: ServerResponse;
  readonly #entry: Logged;
  readonly #faults: Fault[];

  constructor(response: ServerResponse, entry: Logged, faults: Fault[]) {
    this.#response = response;
    this.#entry = entry;
    this.#faults = faults;
  }

  text(status: number, headers: Record<string, string>, body = ''): void {
    this.#entry.status = status;
    if (this.#response.headersSent) return;
    this.#response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers }).end(body);
  }

  json(value: unknown, headers: Record<string, string> = {}): void {
    this.text(200, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
  }

  async bytes(content: Buffer, request: IncomingMessage, headers: Record<string, string>): Promise<void> {
    const response = this.#response;
    let whole = content;
    if (this.#faults.some((fault) => 'wrong' in fault)) {
      whole = Buffer.from(content);
      whole[whole.length - 1]! ^= 1;
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const isPart = range !== null && !this.#faults.some((fault) => 'noRange' in fault);
    const start = isPart ? Number(range[1]) : 0;
    const end = isPart && range[2] !== '' ? Math.min(whole.length, Number(range[2]) + 1) : whole.length;
    if (start >= whole.length && whole.length > 0) {
      this.text(416, {});
      return;
    }
    const body = whole.subarray(start, end);
    const status = isPart ? 206 : 200;
    this.#entry.status = status;
    response.writeHead(status, {
      ...headers,
      'accept-ranges': 'bytes',
      'content-length': String(body.length),
      ...(isPart ? { 'content-range': `bytes ${start}-${end - 1}/${whole.length}` } : {}),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const cut = this.#faults.find((fault) => 'cut' in fault);
    const drip = this.#faults.find((fault) => 'drip' in fault);
    const limit =
      cut && 'cut' in cut ? Math.min(body.length, typeof cut.cut === 'number' ? cut.cut : cut.cut()) : body.length;
    const { bytes: step, every } = drip && 'drip' in drip ? drip.drip : { bytes: 1 << 16, every: 0 };
    for (let at = 0; at < limit && !response.destroyed; at += step) {
      const part = body.subarray(at, Math.min(limit, at + step));
      // A connection that is gone calls back too, with an error.
      await new Promise<void>((resolve) => response.write(part, () => resolve()));
      this.#entry.sent += part.length;
      if (every > 0) await new Promise((resolve) => setTimeout(resolve, every));
    }
    if (limit < body.length) response.destroy();
    else response.end();
  }
}

async function filesIn(folder: string): Promise<Files> {
  const files: Files = {};
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[
      path
        .slice(folder.length)
        .replace(/^[/\\]+/, '')
        .replaceAll('\\', '/')
    ] = await readFile(path);
  }
  return files;
}

function commitOf(name: string, files: Files): Commit {
  const stored = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]): [string, Stored] => {
      const bytes = Buffer.from(content as Uint8Array);
      const isLarge = /\.(safetensors|bin|pt|gguf|h5|msgpack|onnx|parquet)$/.test(path) || bytes.length > 1_000_000;
      const sha256 = isLarge ? createHash('sha256').update(bytes).digest('hex') : null;
      const inGit = isLarge
        ? Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${bytes.length}\n`)
        : bytes;
      const oid = createHash('sha1').update(`blob ${inGit.length}\0`).update(inGit).digest('hex');
      return [path, { path, bytes, oid, sha256 }];
    });
  return { sha: sha1(name + stored.map(([path, { oid }]) => `${path} ${oid}\n`).join('')), files: new Map(stored) };
}
