import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AnswerCache } from '../../src/infinigram/hosted-cache.js';
import { readReply, retryAfter } from '../../src/infinigram/hosted-reply.js';
import { openHosted, type HostedOptions } from '../../src/infinigram/hosted.js';
import { cut, fakeService, reply, silence, type FakeService } from './service.js';

const tokens = [65535, 1, 2, 3, 1, 2, 4, 65535, 2, 3, 5, 1, 2];

let service: FakeService;
let folder: string;
const open = (options: Partial<HostedOptions> = {}) =>
  openHosted('v4_small', {
    ...{ url: service.url, cacheFolder: folder, concurrency: 8, perSecond: 1000, firstWait: 1, tries: 5 },
    ...options,
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hosted-'));
  service = await fakeService(tokens, (text) => text.split(' ').map(Number));
});
afterEach(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

describe('answers', () => {
  test('are those of the service, field by field', async () => {
    const index = open();
    expect(await index.count([1, 2])).toEqual({ count: 3, approx: false });
    expect(await index.prob([1, 2], 3)).toEqual({ prompt_cnt: 3, cont_cnt: 1, prob: 1 / 3 });
    expect(await index.prob([9], 3)).toEqual({ prompt_cnt: 0, cont_cnt: 0, prob: -1 });
    expect(await index.infgramProb([9, 1, 2], 4)).toEqual({ prompt_cnt: 3, cont_cnt: 1, prob: 1 / 3, suffix_len: 2 });
    expect(await index.infgramProb([], 2)).toEqual({ prompt_cnt: 13, cont_cnt: 4, prob: 4 / 13, suffix_len: 0 });
    const { prompt_cnt, result_by_token_id } = await index.ntd([2]);
    expect(prompt_cnt).toBe(4);
    expect(Object.entries(result_by_token_id).map(([id, { cont_cnt }]) => [id, cont_cnt])).toEqual([
      ['3', 2],
      ['4', 1],
    ]);
    expect(service.asked.at(-1)!.query).toEqual({
      index: 'v4_small',
      query_type: 'ntd',
      query_ids: [2],
      max_support: 1000,
    });
    expect([...(await index.tokenize('7 8 9'))]).toEqual([7, 8, 9]);
  });

  test('are asked for once: neither at the same time, nor in another process, nor offline', async () => {
    const index = open();
    const twice = await Promise.all([index.infgramProb([1], 2), index.infgramProb([1], 2)]);
    expect(twice[0]).toEqual(twice[1]);
    expect(service.asked).toHaveLength(1);
    expect(await open().infgramProb([1], 2)).toEqual(twice[0]);
    expect(service.asked).toHaveLength(1);
    const offline = open({ offline: true });
    expect(await offline.infgramProb([1], 2)).toEqual(twice[0]);
    await expect(offline.infgramProb([2], 2)).rejects.toThrow(
      /^index hosted:v4_small: offline, and the answer to .*"query_ids":\[2,2\].* is not in the cache; run once without --offline$/,
    );
    expect(service.asked).toHaveLength(1);
    // Another index, and another service, have other answers.
    await openHosted('v4_other', { url: service.url, cacheFolder: folder }).infgramProb([1], 2);
    expect(service.asked).toHaveLength(2);
  });

  test('a context beyond what the service takes is cut; other queries say so', async () => {
    const long = Array.from({ length: 700 }, (_, i) => 100 + i);
    const { suffix_len } = await open().infgramProb([...long, 1], 2);
    expect(suffix_len).toBe(1);
    expect(service.asked[0]!.query.query_ids).toHaveLength(500);
    await expect(open().count(long)).rejects.toThrow('a query is too long, got 700 tokens (expected at most 500)');
    await expect(open().tokenize('1 AND 2')).rejects.toThrow(/can't tokenise a text with AND .*--index-tokenizer/);
  });
});

describe('faults that pass', () => {
  test('each is asked again, and the answer of the last try counts', async () => {
    service.faults.push(
      reply(504, { message: 'Endpoint request timed out' }),
      reply(500, { error: '[Flask] Internal server error: busy' }),
      cut,
      reply(200, '<html>maintenance</html>'),
    );
    expect((await open({ tries: 5 }).infgramProb([1], 2)).cont_cnt).toBe(3);
    expect(service.asked).toHaveLength(5);
  });

  test('a reply that is no sound answer is none', async () => {
    service.faults.push(
      reply(200, { prompt_cnt: 3, cont_cnt: 4, prob: 1.3, suffix_len: 1 }),
      reply(200, { prompt_cnt: 3, cont_cnt: 1, suffix_len: 7 }),
      reply(200, { message: 'Endpoint request timed out' }),
    );
    expect((await open().infgramProb([1], 2)).prompt_cnt).toBe(3);
    expect(service.asked).toHaveLength(4);
  });

  test('silence is given up after the time-out', async () => {
    service.faults.push(silence, silence);
    await expect(open({ timeout: 50, tries: 2 }).count([1])).rejects.toThrow(
      'index hosted:v4_small: no answer in 2 tries, got no answer in 0.05 s (expected an answer)',
    );
    expect((await open({ timeout: 5000 }).count([1])).count).toBe(3);
  });

  test('Retry-After holds for every query, and one too long ends it', async () => {
    service.faults.push(reply(429, { message: 'Too Many Requests' }, { 'retry-after': '0.3' }));
    const index = open({ concurrency: 1 });
    await Promise.all([index.count([1]), index.count([2])]);
    const [first, second, third] = service.asked.map(({ at }) => at);
    expect(second! - first!).toBeGreaterThan(290);
    expect(third! - first!).toBeGreaterThan(290);
    service.faults.push(reply(503, '', { 'retry-after': '3600' }));
    await expect(index.count([3])).rejects.toThrow('asks to wait 3600 s, got HTTP 503 with nothing; try again then');
  });

  test('nobody there', async () => {
    const url = service.url;
    await service.close();
    const index = open({ url, tries: 2 });
    await expect(index.count([1])).rejects.toThrow(/no answer in 2 tries, got fetch failed \(.*ECONNREFUSED/);
    service = await fakeService(tokens);
  });
});

describe('refusals', () => {
  test('are not asked again, and name what was said', async () => {
    service.faults.push(reply(400, { error: '[Flask] Invalid index: v4_small' }));
    await expect(open().count([1])).rejects.toThrow(
      'index hosted:v4_small: refused the query, got HTTP 400, error "[Flask] Invalid index: v4_small"',
    );
    service.faults.push(reply(200, { error: 'Some item(s) in your query_ids are out-of-range!' }));
    await expect(open().count([1])).rejects.toThrow('out-of-range');
    service.faults.push(reply(403, { message: 'Forbidden' }));
    await expect(open().count([1])).rejects.toThrow('got HTTP 403, message "Forbidden"');
    expect(service.asked).toHaveLength(3);
    // A refusal is no answer: nothing was kept.
    expect((await open().count([1])).count).toBe(3);
  });

  test('names and addresses', () => {
    expect(() => openHosted('../x', { cacheFolder: folder })).toThrow('is not the name of a hosted index');
    expect(() => openHosted('v4', { cacheFolder: folder, url: 'file:///etc' })).toThrow('is no URL');
  });
});

test('the service is asked at its pace', async () => {
  service.delay = 20;
  const index = open({ concurrency: 2, perSecond: 50 });
  await Promise.all(Array.from({ length: 8 }, (_, i) => index.count([i])));
  expect(service.busiest()).toBeLessThanOrEqual(2);
  const times = service.asked.map(({ at }) => at);
  expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(7 * 20 - 15);
});

test('a signal ends waiting at once, and what was answered is kept', async () => {
  const stop = new AbortController();
  await open().count([1]);
  service.faults.push(silence);
  const waiting = open({ signal: stop.signal }).count([2]);
  setTimeout(() => stop.abort(), 30);
  await expect(waiting).rejects.toThrow('interrupted');
  expect((await open({ offline: true }).count([1])).count).toBe(3);
});

test('goes through the proxy of the environment', async () => {
  const tunnels: string[] = [];
  const proxy = createServer().on('connect', (request, client: Socket) => {
    tunnels.push(request.url!);
    const { hostname, port } = new URL(`http://${request.url!}`);
    const server = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    for (const socket of [client, server]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv('no_proxy', '');
  vi.resetModules();
  try {
    // Read anew: the environment is looked at with the first request.
    const { openHosted: anew } = await import('../../src/infinigram/hosted.js');
    const index = anew('v4_small', { url: service.url, cacheFolder: folder });
    expect((await index.count([1, 2])).count).toBe(3);
    expect(tunnels).toEqual([new URL(service.url).host]);
  } finally {
    vi.unstubAllEnvs();
    proxy.close();
    proxy.closeAllConnections();
  }
});

describe('the cache', () => {
  const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));

  test('a damaged file is as good as none, and is replaced', async () => {
    await open().count([1]);
    const [name] = await files();
    await truncate(join(folder, name!), 20);
    await open().count([1]);
    expect(service.asked).toHaveLength(2);
    // A sound file with a wrong answer in it.
    const text = await readFile(join(folder, name!), 'utf8');
    await writeFile(join(folder, name!), text.replace('"count":3', '"count":-3'));
    expect((await open().count([1])).count).toBe(3);
    expect(service.asked).toHaveLength(3);
  });

  test('many at once, from two processes, are all kept', async () => {
    const [a, b] = [new AnswerCache(folder), new AnswerCache(folder)];
    await Promise.all(Array.from({ length: 300 }, (_, i) => (i % 2 ? a : b).set({ q: i }, { count: i })));
    const fresh = new AnswerCache(folder);
    for (let i = 0; i < 300; i++) expect(await fresh.get({ q: i })).toEqual({ count: i });
    expect((await readdir(folder)).every((name) => /^[0-9a-f]{2}\.json$/.test(name))).toBe(true);
  });

  test('is bounded: the oldest go', async () => {
    const cache = new AnswerCache(folder, 150);
    const queries = Array.from({ length: 800 }, (_, q) => ({ q }));
    for (const query of queries) await cache.set(query, { count: 1 });
    const sizes = await Promise.all(
      (await readdir(folder)).map(async (name) => (await readFile(join(folder, name))).length),
    );
    expect(Math.max(...sizes)).toBeLessThan(190);
    expect(await new AnswerCache(folder, 150).get(queries.at(-1)!)).toEqual({ count: 1 });
    expect(await new AnswerCache(folder, 150).get(queries[0]!)).toBe(null);
  }, 30_000);
});

test('replies and waits', () => {
  expect(readReply(200, '{"count":1}')).toEqual({ kind: 'answer', json: { count: 1 } });
  expect(readReply(200, '[1]').kind).toBe('retry');
  expect(readReply(404, 'not here')).toEqual({ kind: 'refused', reason: 'HTTP 404 with no JSON, "not here"' });
  expect(readReply(429, '')).toEqual({ kind: 'retry', reason: 'HTTP 429 with nothing' });
  expect(retryAfter('2')).toBe(2000);
  expect(retryAfter('Fri, 27 Nov 2026 00:00:10 GMT', Date.UTC(2026, 10, 27))).toBe(10_000);
  expect(retryAfter('Fri, 27 Nov 2026 00:00:10 GMT', Date.UTC(2026, 10, 28))).toBe(0);
  expect(retryAfter('soon')).toBe(null);
  expect(retryAfter(null)).toBe(null);
});
