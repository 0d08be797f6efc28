/** The proxy of the environment, gone through by whoever talks to the world: here the webhook and hosted indexes (the Hub: test/hub). */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { proxiedFetch, proxyOf } from '../../src/bytes/index.js';
import { openHosted } from '../../src/infinigram/hosted.js';
import type { FiredAlert } from '../../src/record/index.js';
import { postAlert } from '../../src/trace/webhook.js';
import { fakeService, type FakeService } from '../infinigram/service.js';

let proxy: Server;
let hook: Server;
let service: FakeService;
let folder: string;
/** HOST:PORT of every tunnel that was asked for; all end at one of our servers. */
let asked: string[] = [];
const posted: string[] = [];
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigentrace-proxy-'));
  service = await fakeService([65535, 1, 2, 1], (text) => text.split(' ').map(Number));
  hook = createServer((request, response) => {
    posted.push(request.url ?? '');
    request.resume().on('end', () => response.end('ok'));
  }).listen(0, '127.0.0.1');
  proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const port = request.url?.startsWith('index.') ? Number(new URL(service.url).port) : portOf(hook);
    const through = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    through.on('error', () => socket.destroy());
    socket.on('error', () => through.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await Promise.all([once(hook, 'listening'), once(proxy, 'listening')]);
});
afterEach(() => {
  vi.unstubAllEnvs();
  asked = [];
});
afterAll(async () => {
  for (const server of [proxy, hook]) {
    server.closeAllConnections();
    server.close();
  }
  await service.close();
  await rm(folder, { recursive: true });
});

function useProxy(no = ''): void {
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'HTTPS_PROXY']) vi.stubEnv(name, '');
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${portOf(proxy)}`);
  vi.stubEnv('NO_PROXY', no);
}

it('carries an alert to a webhook', async () => {
  useProxy();
  const alert = { series: 's', revision: 'step1', message: 'm' } as unknown as FiredAlert;
  expect(await postAlert(new URL('http://hook.invalid/secret'), alert, 'run', { pause: 1 })).toBeNull();
  expect([asked, posted]).toEqual([['hook.invalid:80'], ['/secret']]);
  useProxy('hook.invalid');
  const problem = await postAlert(new URL('http://hook.invalid/secret'), alert, 'run', { pause: 1 });
  expect(problem).toMatch(/^the alert could not be told to hook\.invalid: E/);
  expect(asked).toHaveLength(1);
});

it('carries queries to a hosted index', async () => {
  useProxy();
  const options = { url: 'http://index.invalid/', cacheFolder: folder, concurrency: 1, perSecond: 1000, tries: 1 };
  expect(await openHosted('v4_small', options).count([1])).toEqual({ count: 2, approx: false });
  expect(asked).toEqual(['index.invalid:80']);
});

it('is left when the environment names none any more, and small letters come first', async () => {
  useProxy();
  vi.stubEnv('HTTP_PROXY', '');
  expect(await (await proxiedFetch(`http://127.0.0.1:${portOf(hook)}/direct`)).text()).toBe('ok');
  expect(asked).toEqual([]);
  const env = { HTTP_PROXY: 'http://a', http_proxy: 'http://b', HTTPS_PROXY: 'http://c', NO_PROXY: 'd' };
  expect(proxyOf(env)).toEqual({ http: 'http://b', https: 'http://c', no: 'd' });
});
