import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { get, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { openRun, writeMeasurement } from '../../src/record/index.js';
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/index.js';
import type { PackedSpectra, Story } from '../../src/story/index.js';
import { unpackSpectra } from '../../src/story/index.js';
import { draft, temporaryFolder } from '../record/fixture.js';

const demo = fileURLToPath(new URL('../golden/runs/demo', import.meta.url));
const id = '1/sample-neox-0.9m';
const running: RunningServer[] = [];

async function start(runs: string[] = [demo], options: ServerOptions = {}): Promise<RunningServer> {
  const server = await startServer(runs, { interval: 30, ...options });
  running.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

/** A request whose path is sent as it is: `fetch` would resolve `..` and refuse to set Host. */
function ask(
  server: RunningServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port: server.port, path, headers, method }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ status: answer.statusCode!, headers: answer.headers, body, text: body.toString() });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function copyOfDemo(): Promise<string> {
  const folder = join(await temporaryFolder(), 'run');
  await cp(demo, folder, { recursive: true });
  return folder;
}

/** An event stream: what came so far, and when something fits. */
async function events(
  server: RunningServer,
): Promise<{ all: () => string; until: (pattern: RegExp) => Promise<string>; answer: IncomingMessage }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path: '/api/events' }, resolve).on('error', reject);
  });
  let text = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  answer.on('error', () => undefined);
  const until = async (pattern: RegExp) => {
    for (let i = 0; i < 400 && !pattern.test(text); i++) await sleep(25);
    expect(text).toMatch(pattern);
    return text;
  };
  return { all: () => text, until, answer };
}

describe('what the server answers', () => {
  it('the story, once: then 304 by its ETag, compressed where asked', async () => {
    const server = await start();
    const { status, headers, text } = await ask(server, '/api/story');
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    const story = JSON.parse(text) as Story;
    expect(story.runs[0]!.series[0]!.checkpoints).toHaveLength(20);
    const again = await ask(server, '/api/story', { 'If-None-Match': headers.etag! });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const small = await ask(server, '/api/story', { 'Accept-Encoding': 'gzip, br' });
    expect(small.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(small.body).toString()).toBe(text);
    const head = await ask(server, '/api/story', {}, 'HEAD');
    expect([head.status, head.body.length, head.headers.etag]).toEqual([200, 0, headers.etag]);
  });

  it('spectra by series and layer, eigenvalues in full, the table', async () => {
    const server = await start();
    const spectra = await ask(server, `/api/spectra?series=${encodeURIComponent(id)}&layer=final`);
    const unpacked = unpackSpectra(JSON.parse(spectra.text) as PackedSpectra);
    expect(unpacked.eigenvalues).toHaveLength(20);
    const known = { 'If-None-Match': spectra.headers.etag! };
    expect((await ask(server, `/api/spectra?series=${encodeURIComponent(id)}`, known)).status).toBe(304);
    const values = await ask(server, `/api/download/eigenvalues?series=${id}&revision=step512&layer=final`);
    expect(values.headers['content-disposition']).toBe('attachment; filename="eigenvalues-step512-final.csv"');
    const lines = values.text.trimEnd().split('\r\n');
    expect([lines[0], lines.length]).toEqual(['rank,eigenvalue', 128]);
    const first = Number(lines[1]!.split(',')[1]);
    const at = (JSON.parse((await ask(server, '/api/story')).text) as Story).runs[0]!.series[0]!.checkpoints.findIndex(
      ({ revision }) => revision === 'step512',
    );
    expect(unpacked.eigenvalues[at]![0]! / first).toBeCloseTo(1, 6);
    const table = await ask(server, `/api/export.csv?series=${id}`);
    expect(table.text.split('\r\n')).toHaveLength(22);
    expect(table.text).toContain('sample-neox-0.9m,pretrain,step512,512,2097152,final,last,1500,128,42.68008672311068');
  });

  it('404 with a reason for what is not there', async () => {
    const server = await start();
    const missing = {
      '/api/spectra?series=nope': 'series: no such series, got nope',
      [`/api/spectra?series=${id}&layer=7`]: 'layer: no such layer, got 7',
      [`/api/spectra?series=${id}&layer=__proto__`]: 'layer: no such layer, got __proto__',
      [`/api/download/eigenvalues?series=${id}&revision=../../run`]: 'revision: no such revision, got ../../run',
      '/api/export.csv': 'series: no such series, got nothing',
      '/favicon.ico': 'no such page',
    };
    for (const [path, text] of Object.entries(missing)) {
      const answer = await ask(server, path);
      expect([path, answer.status, answer.text]).toEqual([path, 404, `${text}\n`]);
    }
  });
});

describe('who may read what', () => {
  it('no file by its path, however it is written', async () => {
    const server = await start();
    const secret = JSON.parse(await readFile(join(demo, 'run.json'), 'utf8')) as { format: string };
    const paths = [
      ...['/run.json', '/../run.json', '/..%2frun.json', '/%2e%2e/run.json', '/api/../../package.json'],
      ...[
        '//etc/passwd',
        '/..%5c..%5cetc/passwd',
        '/%252e%252e/etc/passwd',
        '/geometry/sample-neox-0.9m',
        '/etc/passwd%00.html',
      ],
    ];
    for (const path of paths) {
      const answer = await ask(server, path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text).not.toContain(secret.format);
    }
  });

  it('only by GET and HEAD, with headers that keep a page to itself', async () => {
    const server = await start();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await ask(server, '/api/story', {}, method);
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
    for (const path of ['/', '/api/story', '/nothing']) {
      const { headers } = await ask(server, path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('only under names that were meant (DNS rebinding)', async () => {
    const server = await start();
    const of = async (host: string) => (await ask(server, '/api/story', { Host: host })).status;
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])
      expect(await of(`${name}:${server.port}`)).toBe(200);
    const foreign = [
      'evil.example',
      `evil.example:${server.port}`,
      'localhost',
      'localhost:1',
      `localhost.evil.example:${server.port}`,
    ];
    for (const name of foreign) expect([name, await of(name)]).toEqual([name, 421]);
  });

  it('only with the token where there is one: bearer, cookie, or once in the address', async () => {
    const token = 'a token of 24 characters';
    const server = await start([demo], { token });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/?token=a%20token%20of%2024%20characters`);
    for (const path of ['/', '/report.js', '/api/story', '/api/events', '/nothing']) {
      expect([path, (await ask(server, path)).status]).toEqual([path, 401]);
    }
    expect((await ask(server, '/?token=wrong')).status).toBe(401);
    expect((await ask(server, '/api/story', { Authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await ask(server, '/api/story', { Authorization: `Bearer ${token}` })).status).toBe(200);
    const once = await ask(server, `/?series=x&token=${encodeURIComponent(token)}`);
    expect([once.status, once.headers.location]).toEqual([303, '/?series=x']);
    const away = await ask(server, `//evil.example/x?token=${encodeURIComponent(token)}`);
    expect([away.status, away.headers.location]).toEqual([303, '/evil.example/x']);
    const [cookie] = once.headers['set-cookie']!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(cookie).not.toContain(token);
    expect((await ask(server, '/api/story', { Cookie: `x=1; ${cookie!.split(';')[0]!}` })).status).toBe(200);
    expect((await ask(server, '/api/story', { Cookie: `eigentrace-${server.port}=${'0'.repeat(64)}` })).status).toBe(
      401,
    );
  });

  it('not from elsewhere without a token', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.org']) {
      await expect(startServer([demo], { host })).rejects.toThrow(/--host: others could read the runs, got .* --token/);
    }
    await expect(startServer([demo], { token: 'short' })).rejects.toThrow('--token: is too short, got 5 characters');
    const server = await start();
    await expect(startServer([demo], { port: server.port })).rejects.toThrow(`--port: is in use, got ${server.port}`);
    const everywhere = await start([demo], { host: '0.0.0.0', token: 'x'.repeat(16) });
    const answer = await ask(everywhere, '/api/story', {
      Host: 'my-machine:1',
      Authorization: `Bearer ${'x'.repeat(16)}`,
    });
    expect(answer.status).toBe(200);
  });
});

describe('live', () => {
  it('tells of new measurements, and of progress while a trace runs', async () => {
    const folder = await copyOfDemo();
    const hidden = join(folder, 'geometry/sample-neox-0.9m/rlvr');
    await rename(hidden, join(folder, 'aside'));
    const server = await start([folder]);
    const stream = await events(server);
    await stream.until(/event: story\ndata: {"version":1}\n\nevent: progress\ndata: null\n\n/);
    const before = await ask(server, '/api/story');
    await writeFile(
      join(folder, '.progress.json'),
      JSON.stringify({
        ...{ run: folder, pid: 1, revision: 'rlvr-step80', control: null, phase: 'forward', done: 5, of: 10 },
        ...{ index: 18, total: 20, secondsLeft: 12.5, updated: new Date().toISOString() },
      }),
    );
    const told = await stream.until(/event: progress\ndata: {.*"revision":"rlvr-step80"/);
    expect(told).toContain('"run":"run"');
    await rename(join(folder, 'aside'), hidden);
    await rm(join(folder, '.progress.json'));
    await stream.until(/"version":2}[^]*event: progress\ndata: null/);
    const after = await ask(server, '/api/story', { 'If-None-Match': before.headers.etag! });
    expect(after.status).toBe(200);
    const count = (answer: Answer) => (JSON.parse(answer.text) as Story).runs[0]!.series[0]!.checkpoints.length;
    expect([count(before), count(after)]).toEqual([18, 20]);
    stream.answer.destroy();
    for (let i = 0; i < 100 && server.clients > 0; i++) await sleep(20);
    expect(server.clients).toBe(0);
  });

  it('waits for a run that is not there yet, and shows which file is damaged', async () => {
    const folder = join(await temporaryFolder(), 'later');
    const server = await start([folder, demo]);
    const story = async () => JSON.parse((await ask(server, '/api/story')).text) as Story;
    const first = await story();
    expect(first.runs[0]).toMatchObject({ name: 'later', series: [] });
    expect(first.runs[0]!.problems[0]!.message).toContain('no such run');
    expect(first.runs[1]!.series[0]!.checkpoints).toHaveLength(20);
    const stream = await events(server);
    await mkdir(folder);
    const run = await openRun(folder, { create: true });
    await writeMeasurement(run, draft());
    await stream.until(/"version":[2-9]/);
    for (let i = 0; i < 100 && (await story()).runs[0]!.series.length === 0; i++) await sleep(20);
    expect((await story()).runs[0]).toMatchObject({ problems: [], series: [{ name: 'pythia-14m' }] });
    const file = join(folder, 'geometry/pythia-14m/pretrain/step1000.json');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 100));
    for (let i = 0; i < 100 && (await story()).runs[0]!.problems.length === 0; i++) await sleep(20);
    expect((await story()).runs[0]!.problems[0]!.file).toBe('geometry/pythia-14m/pretrain/step1000.json');
    expect((await story()).runs[1]!.series[0]!.checkpoints).toHaveLength(20);
    stream.answer.destroy();
  });

  it('keeps connections alive with comments, and closes them at the end', async () => {
    const server = await start([demo], { heartbeat: 40 });
    const stream = await events(server);
    await stream.until(/: still here\n\n: still here\n\n/);
    const ended = new Promise((resolve) => stream.answer.on('close', resolve));
    await server.close();
    await ended;
    expect((await events(server).catch(() => 'refused')) === 'refused').toBe(true);
  });

  it('serves 200 clients at once, and stays flat', async () => {
    const server = await start([demo], { heartbeat: 20 });
    const streams = await Promise.all(Array.from({ length: 200 }, () => events(server)));
    await Promise.all(streams.map((stream) => stream.until(/"version":1/)));
    expect(server.clients).toBe(200);
    await sleep(300);
    const memory = () => {
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    const before = memory();
    await sleep(2000);
    // 100 heartbeats to 200 clients.
    expect(memory() - before).toBeLessThan(30 * 2 ** 20);
    expect((await ask(server, '/api/story')).status).toBe(200);
    for (const { answer } of streams) answer.destroy();
    for (let i = 0; i < 200 && server.clients > 0; i++) await sleep(20);
    expect(server.clients).toBe(0);
  });
});
