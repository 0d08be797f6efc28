/** The parts below a download: settings of the environment, pauses, locks, names, lists of revisions, proxies. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withFileLock } from '../../src/bytes/index.js';
import { parseHubId } from '../../src/checkpoints/index.js';
import { openHubSeries } from '../../src/hub/index.js';
import { askedPause, backoff } from '../../src/hub/retry.js';
import { hubSettings } from '../../src/hub/settings.js';
import { HubServer, type Files } from './server.js';

let hub: HubServer;
let home: string;
beforeAll(async () => {
  hub = await HubServer.start();
  home = await mkdtemp(join(tmpdir(), 'eigentrace-hub-parts-'));
});
afterAll(async () => {
  await hub.close();
  await rm(home, { recursive: true, force: true });
});

describe('settings', () => {
  it("are Python's", async () => {
    const { cache, endpoint, offline, token } = await hubSettings({ HOME: '/h' });
    expect({ cache, endpoint, offline, token }).toEqual({
      ...{ cache: '/h/.cache/huggingface/hub', endpoint: 'https://huggingface.co', offline: false, token: null },
    });
    expect((await hubSettings({ HOME: '/h', XDG_CACHE_HOME: '/x' })).cache).toBe('/x/huggingface/hub');
    expect((await hubSettings({ HOME: '/h', HF_HOME: '~/hf' })).cache).toBe('/h/hf/hub');
    expect((await hubSettings({ HOME: '/h', HF_HOME: '/a', HF_HUB_CACHE: '$HOME/b' })).cache).toBe('/h/b');
    expect((await hubSettings({ HF_ENDPOINT: 'http://mirror/' })).endpoint).toBe('http://mirror');
    expect((await hubSettings({ HF_HUB_OFFLINE: 'yes' })).offline).toBe(true);
    await expect(hubSettings({ HF_ENDPOINT: 'mirror' })).rejects.toThrow('HF_ENDPOINT: is no address, got mirror');
  });

  it('take the token that `hf auth login` stored, after that of the environment', async () => {
    await writeFile(join(home, 'token'), 'stored\n');
    expect((await hubSettings({ HF_HOME: home })).token).toBe('stored');
    expect((await hubSettings({ HF_HOME: home, HF_TOKEN: ' given\n' })).token).toBe('given');
    expect((await hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).token).toBeNull();
    expect((await hubSettings({ HF_HOME: '/nowhere', HF_TOKEN_PATH: join(home, 'token') })).token).toBe('stored');
  });
});

describe('pauses', () => {
  it('grow twofold, between half and all of it, to half a minute', () => {
    expect([1, 2, 3, 9].map((attempt) => backoff(attempt, 500, () => 1))).toEqual([500, 1000, 2000, 30_000]);
    expect(backoff(2, 500, () => 0)).toBe(500);
  });

  it('are what the server asks for: seconds, a date, the Hub’s own header', () => {
    const now = Date.parse('2026-11-27T00:00:00Z');
    expect(askedPause({ 'retry-after': '7' }, now)).toBe(7000);
    expect(askedPause({ 'retry-after': 'Fri, 27 Nov 2026 00:00:30 GMT' }, now)).toBe(30_000);
    expect(askedPause({ 'retry-after': 'Thu, 26 Nov 2026 00:00:00 GMT' }, now)).toBe(0);
    expect(askedPause({ ratelimit: '"api";r=0;t=57' }, now)).toBe(58_000);
    expect(askedPause({ 'retry-after': 'soon' }, now)).toBeNull();
    expect(askedPause({}, now)).toBeNull();
  });
});

describe('ids', () => {
  it.each([
    ['EleutherAI/pythia-160m', 'EleutherAI/pythia-160m', null],
    ['allenai/OLMo-2-0425-1B@stage1-step300-tokens1B', 'allenai/OLMo-2-0425-1B', 'stage1-step300-tokens1B'],
    ['org/name@refs/pr/3', 'org/name', 'refs/pr/3'],
    ['hf:org/name', 'org/name', null],
    ['gpt2', 'gpt2', null],
  ])('%s', (text, id, revision) => expect(parseHubId(text)).toEqual({ id, revision }));

  it.each([
    'a/b/c',
    '../x',
    'org/',
    'org/..',
    'org/a--b',
    'org/name@',
    'org/name@../../x',
    'org/name@a//b',
    'or g/x',
    '',
  ])('not %j', (text) => expect(parseHubId(text)).toBeNull());
});

describe('locks', () => {
  it.each<[string, undefined | []]>([
    ['by flock or perl', undefined],
    ['by a file beside, where neither is there', []],
  ])('%s let one in at a time, and go when the work fails', async (_, lockers) => {
    const path = join(home, `lock-${lockers?.length ?? 'program'}`, 'a.lock');
    let inside = 0;
    const order: number[] = [];
    let waited = 0;
    const work = (n: number): Promise<void> =>
      withFileLock(
        path,
        async () => {
          expect(++inside).toBe(1);
          await sleep(20);
          order.push(n);
          inside--;
          if (n === 1) throw new Error('lost');
        },
        { ...(lockers ? { lockers } : {}), onWait: () => waited++ },
      );
    const results = await Promise.allSettled([work(0), work(1), work(2)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(order.sort()).toEqual([0, 1, 2]);
    expect(waited).toBe(2);
  });

  it('left behind by a killed process are taken over after half a minute', async () => {
    const path = join(home, 'left', 'a.lock');
    await mkdir(join(home, 'left'));
    await writeFile(`${path}.held`, '');
    await utimes(`${path}.held`, 0, 0);
    expect(await withFileLock(path, () => Promise.resolve(7), { lockers: [] })).toBe(7);
  });

  it.each([['flock'], ['a file beside it']])('refuse in place of waiting, and say who holds them (%s)', async (way) => {
    const path = join(home, way, 'a.lock');
    const lockers = way === 'flock' ? {} : { lockers: [] };
    const refuse = (holder: string): Error => new Error(`held by ${holder}`);
    const second = await withFileLock(
      path,
      () => withFileLock(path, () => Promise.resolve(2), { ...lockers, refuse }).catch((error: unknown) => error),
      { ...lockers, holder: 'the first' },
    );
    expect(second).toEqual(new Error('held by the first'));
    expect(await readdir(join(home, way))).toEqual([]);
    await writeFile(path, 'one that was killed');
    expect(await withFileLock(path, () => Promise.resolve(3), { ...lockers, refuse })).toBe(3);
  });

  it('refuse not where the holder was killed half a minute ago', async () => {
    const path = join(home, 'left', 'b.lock');
    await writeFile(`${path}.held`, '');
    await utimes(`${path}.held`, 0, 0);
    const refuse = (): Error => new Error('held');
    expect(await withFileLock(path, () => Promise.resolve(7), { lockers: [], refuse })).toBe(7);
  });
});

describe('a list of revisions', () => {
  const files: Files = { 'config.json': '{}', 'model.safetensors': 'w' };
  const all = (names: readonly string[]): Record<string, Files> =>
    Object.fromEntries(names.map((name) => [name, files]));

  it('is in order of stage and step, from branches and tags, with commits; the rest is named', async () => {
    await hub.serve('org/many', {
      branches: all(['main', 'stage2-ingredient1-step1000-tokens3B', 'stage1-step2000-tokens5B', 'step10', 'step9']),
      tags: all(['v1.0', 'stage1-step150-tokens1B', 'step9']),
    });
    const series = await openHubSeries('org/many', { env: hub.env(home) });
    expect(series.entries.map(({ stage, revision, tokens }) => [stage, revision, tokens])).toEqual([
      ['pretrain', 'step9', null],
      ['pretrain', 'step10', null],
      ['pretrain', 'stage1-step150-tokens1B', 1e9],
      ['pretrain', 'stage1-step2000-tokens5B', 5e9],
      ['stage2-ingredient1', 'stage2-ingredient1-step1000-tokens3B', 3e9],
    ]);
    expect(series.entries[0]!.hub).toEqual({
      id: 'org/many',
      revision: 'step9',
      commit: hub.commit('org/many', 'step9'),
    });
    expect(series).toMatchObject({ name: 'many', source: 'hub', root: join(home, 'hub/models--org--many') });
    expect(series.notes).toEqual([
      'org/many: main, v1.0 left out, no step in the name; write org/many@REVISION for one',
    ]);
    const counted = await openHubSeries('org/many', { env: hub.env(home), tokensPerStep: 100 });
    expect(counted.entries[1]!.tokens).toBe(1000);
    const with_ = await openHubSeries('org/many', { env: hub.env(home), others: true });
    expect(with_.entries.filter(({ step }) => step === null).map(({ revision }) => revision)).toEqual(['main', 'v1.0']);
  });

  it('of one revision: a branch, a tag, a commit or the start of one', async () => {
    const commit = hub.commit('org/many', 'step10');
    for (const revision of ['step10', commit, commit.slice(0, 10)]) {
      const { entries } = await openHubSeries(`org/many@${revision}`, { env: hub.env(home) });
      expect(entries.map(({ hub: place }) => place)).toEqual([{ id: 'org/many', revision, commit }]);
    }
  });
});

describe('a proxy of the environment', () => {
  let proxy: Server;
  const asked: string[] = [];
  beforeAll(async () => {
    proxy = createServer((request, response) => response.writeHead(405).end(request.url));
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const { port } = new URL(hub.endpoint);
      const through = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
  });

  it('is gone through, except for hosts of NO_PROXY', async () => {
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const env = { ...hub.env(home), HTTP_PROXY: address, HF_ENDPOINT: 'http://hub.invalid' };
    expect((await openHubSeries('org/many@step9', { env })).entries).toHaveLength(1);
    expect(asked).toEqual(['hub.invalid:80']);
    await expect(openHubSeries('org/many@step9', { env: { ...env, NO_PROXY: 'hub.invalid' } })).rejects.toThrow(
      /^hub\.invalid: can not be reached \(.+\); check the network, HTTPS_PROXY and HF_ENDPOINT/,
    );
    expect(asked).toHaveLength(1);
  });
});
