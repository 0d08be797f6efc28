import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HubFetcher, openHubSeries } from '../../src/hub/index.js';
import { HubServer } from './server.js';

const weights = randomBytes(40_000_000);
let hub: HubServer;
let home: string;

beforeAll(async () => {
  hub = await HubServer.start();
});
afterAll(() => hub.close());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigentrace-hub-'));
  hub.log.length = 0;
});
afterEach(async () => {
  hub.clearFaults();
  await rm(home, { recursive: true, force: true });
});

describe('fetching', () => {
  it('fetches', async () => {
    await hub.serve('org/model', {
      branches: {
        main: { 'config.json': '{}', 'README.md': 'no', 'model.safetensors': weights },
        step1: { 'config.json': '{}', 'model.safetensors': weights },
      },
    });
    const env = hub.env(home);
    const series = await openHubSeries('org/model', { env });
    expect(series.entries.map(({ revision }) => revision)).toEqual(['step1']);
    const fetcher = new HubFetcher({ env });
    expect(await fetcher.sizeOf(series.entries[0]!)).toEqual({ bytes: 40_000_002, cached: 0 });
    const folder = await fetcher.fetch(series.entries[0]!);
    expect(weights.equals(await readFile(`${folder}/model.safetensors`))).toBe(true);
    expect(await readlink(`${folder}/config.json`)).toMatch(/^\.\.\/\.\.\/blobs\//);
    expect(hub.sent(/safetensors/)).toBe(40_000_000);
    console.log(hub.log.map((l) => `${l.host} ${l.path.slice(0, 60)} ${l.range} ${l.status} ${l.sent}`).join('\n'));
    await fetcher.close();
  });
});
