/** Downloads from a Hub on this machine: what is chosen, where it lies, what is fetched again after every kind of fault. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, readlink, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SeriesEntry } from '../../src/checkpoints/index.js';
import { HubFetcher, openHubSeries, type FetchProgress, type HubFetcherOptions } from '../../src/hub/index.js';
import { HubServer, type Files } from './server.js';

const size = 20_000_000;
const weights = randomBytes(size);
const sha256 = createHash('sha256').update(weights).digest('hex');
const config = '{"model_type": "none"}';

let hub: HubServer;
let home: string;
const opened: HubFetcher[] = [];
beforeAll(async () => {
  hub = await HubServer.start();
  await hub.serve('org/model', {
    branches: {
      main: {
        'README.md': 'no',
        'config.json': config,
        'tokenizer.json': '{}',
        'model.safetensors': weights,
        'pytorch_model.bin': weights.subarray(1),
      },
    },
  });
});
afterAll(() => hub.close());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigentrace-hub-'));
  hub.log.length = 0;
});
afterEach(async () => {
  for (const fetcher of opened.splice(0)) await fetcher.close();
  hub.clearFaults();
  await rm(home, { recursive: true, force: true });
});

const cacheOf = (id = 'org/model'): string => join(home, 'hub', `models--${id.replace('/', '--')}`);
const partial = (): string => join(cacheOf(), 'blobs', `${sha256}.incomplete`);
const model = /storage .*model\.safetensors/;
const sent = (): number => hub.sent(/model\.safetensors/);

function fetcherOf(options: HubFetcherOptions = {}): HubFetcher {
  const fetcher = new HubFetcher({ env: hub.env(home), pause: 5, ...options });
  opened.push(fetcher);
  return fetcher;
}

const entryOf = (id = 'org/model', revision = 'main', commit: string | null = null): SeriesEntry => ({
  ...{ stage: 'pretrain', revision, step: 0, tokens: null, parent: null, seed: null, folder: null, problem: null },
  hub: { id, revision, commit },
});
const fetched = (id?: string, options?: HubFetcherOptions): Promise<string> => fetcherOf(options).fetch(entryOf(id));
async function message(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error as Error).message,
  );
}
/** The folder of the model, with the right bytes in it, each of which came once. */
async function expectWhole(folder: string): Promise<void> {
  expect(
    createHash('sha256')
      .update(await readFile(join(folder, 'model.safetensors')))
      .digest('hex'),
  ).toBe(sha256);
}

describe('a snapshot', () => {
  it("lies in Python's layout: blobs by content, relative links, refs, the listing, lock files", async () => {
    const progress: FetchProgress[] = [];
    const folder = await fetcherOf().fetch(entryOf(), { onProgress: (each) => progress.push(each) });
    const commit = hub.commit('org/model', 'main');
    expect(folder).toBe(join(cacheOf(), 'snapshots', commit));
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await readlink(join(folder, 'model.safetensors'))).toBe(`../../blobs/${sha256}`);
    const git = createHash('sha1').update(`blob ${config.length}\0${config}`).digest('hex');
    expect(await readlink(join(folder, 'config.json'))).toBe(`../../blobs/${git}`);
    expect(await readFile(join(cacheOf(), 'refs/main'), 'utf8')).toBe(commit);
    const tree = JSON.parse(await readFile(join(cacheOf(), 'trees', `${commit}.json`), 'utf8')) as object;
    expect(tree).toMatchObject({
      format_version: 1,
      files: { 'model.safetensors': { size, lfs_sha256: sha256, lfs_size: size }, 'config.json': { blob_id: git } },
    });
    expect(await readdir(join(home, 'hub/.locks/models--org--model'))).toContain(`${sha256}.lock`);
    await expectWhole(folder);
    // Ranges of the whole, each byte once, the endpoint asked once for where they are.
    expect(sent()).toBe(size);
    const asked = hub.log.filter(({ host, path }) => host === 'hub' && path.includes('model.safetensors'));
    expect(asked).toHaveLength(1);
    expect(progress[0]).toEqual({ done: 0, of: size, bytesPerSecond: null, secondsLeft: null });
    expect(progress.at(-1)).toMatchObject({ done: size, of: size, secondsLeft: 0 });
    expect(progress.at(-1)!.bytesPerSecond).toBeGreaterThan(0);
  });

  it('is not fetched again, and is whole without the network', async () => {
    const folder = await fetched();
    hub.log.length = 0;
    expect(await fetched()).toBe(folder);
    expect(hub.log.map(({ path }) => path)).toEqual(['/api/models/org/model/revision/main']);
    hub.log.length = 0;
    const env = hub.env(home, { HF_HUB_OFFLINE: '1' });
    expect(await fetched('org/model', { env })).toBe(folder);
    expect((await openHubSeries('org/model', { env })).entries.map(({ hub: place }) => place)).toEqual([
      { id: 'org/model', revision: 'main', commit: hub.commit('org/model', 'main') },
    ]);
    expect(hub.log).toEqual([]);
  });

  it('that is there in part is never taken for the whole', async () => {
    const folder = await fetched();
    await rm(join(folder, 'model.safetensors'));
    await rm(join(cacheOf(), 'blobs', sha256));
    const env = hub.env(home, { HF_HUB_OFFLINE: '1' });
    expect(await message(fetched('org/model', { env }))).toBe(
      'org/model@main: is not whole in the cache, got 2 of 3 files (model.safetensors not there), and HF_HUB_OFFLINE is set; unset it to download the rest',
    );
    expect(await message(fetched('org/other', { env }))).toContain(
      'org/other@main: is not in the cache, and HF_HUB_OFFLINE is set',
    );
    await fetched();
    // A blob that was cut short afterwards is none.
    await truncate(join(cacheOf(), 'blobs', sha256), 1000);
    expect((await fetcherOf().sizeOf(entryOf())).cached).toBe(config.length + 2);
    await expectWhole(await fetched());
  });

  it('consists of copies where links are not wanted', async () => {
    const folder = await fetched('org/model', { env: hub.env(home, { HF_HUB_DISABLE_SYMLINKS: '1' }) });
    await expect(readlink(join(folder, 'model.safetensors'))).rejects.toThrow('EINVAL');
    await expectWhole(folder);
    hub.log.length = 0;
    await fetched('org/model', { env: hub.env(home, { HF_HUB_DISABLE_SYMLINKS: '1' }) });
    expect(sent()).toBe(0);
  });

  it.each<[string, Files, string[]]>([
    [
      'shards that the index names',
      {
        'config.json': '{}',
        'model.safetensors.index.json': JSON.stringify({
          weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
        }),
        'model-00001-of-00002.safetensors': 'a',
        'model-00002-of-00002.safetensors': 'b',
        'model-00001-of-00003.safetensors': 'left',
        'pytorch_model.bin': 'c',
      },
      [
        'config.json',
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model.safetensors.index.json',
      ],
    ],
    [
      'a .bin where that is all',
      {
        'config.json': '{}',
        'pytorch_model.bin': 'c',
        'training_args.bin': 'd',
        'optimizer.bin': 'e',
        'flax_model.msgpack': 'f',
        'tf_model.h5': 'g',
        'onnx/model.onnx': 'h',
      },
      ['config.json', 'pytorch_model.bin'],
    ],
    [
      'an adapter',
      {
        'adapter_config.json': '{}',
        'adapter_model.safetensors': 'a',
        'training_args.bin': 'd',
        'tokenizer_config.json': '{}',
      },
      ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer_config.json'],
    ],
  ])('holds %s', async (_, files, expected) => {
    await hub.serve('org/choice', { branches: { main: files } });
    expect((await readdir(await fetched('org/choice'))).sort()).toEqual(expected);
  });
});

describe('a fault', () => {
  it('cut lines: goes on from the byte where each was cut', async () => {
    hub.fault(model, { cut: () => 1 + Math.floor(Math.random() * 3_000_000) });
    await expectWhole(await fetched());
    expect(sent()).toBe(size);
  });

  it('a listing that is cut is asked for again', async () => {
    hub.fault(/hub \/api/, { status: 503 }, 2);
    expect((await openHubSeries('org/model', { env: hub.env(home) })).entries).toHaveLength(1);
  });

  it('500s pass; one that stays costs six tries and says so', async () => {
    hub.fault(model, { status: 500 }, 3);
    await expectWhole(await fetched());
    await rm(cacheOf(), { recursive: true });
    hub.log.length = 0;
    hub.fault(model, { status: 503, headers: { 'x-error-message': 'down for repairs' } });
    expect(await message(fetched())).toMatch(
      /^org\/model: 127\.0\.0\.1:\d+ answers with an error, got 503 \(down for repairs\) 6 times for model\.safetensors; try again later$/,
    );
    expect(hub.log.filter(({ host }) => host === 'storage')).toHaveLength(6);
  });

  it('429: waits as long as the server asks, and tells when that is too long', async () => {
    hub.fault(/resolve.*config/, { status: 429, headers: { 'retry-after': '1' } }, 1);
    const start = performance.now();
    await fetched();
    expect(performance.now() - start).toBeGreaterThan(1000);
    hub.fault(/revision/, { status: 429, headers: { 'retry-after': '3600' } });
    expect(await message(fetched())).toContain('says too many requests, got 429 once for main; it asks to wait 3600 s');
  });

  it('wrong bytes: fetched once more, then refused, and nothing is left that looks right', async () => {
    hub.fault(/storage .*model\.safetensors/, { wrong: true }, 3);
    await expectWhole(await fetched());
    await rm(cacheOf(), { recursive: true });
    hub.clearFaults();
    hub.fault(/storage .*model\.safetensors/, { wrong: true });
    await expect(fetched()).rejects.toMatchObject({ code: 'integrity' });
    expect(await message(fetched())).toMatch(
      /^org\/model: model\.safetensors came with the wrong sha256 twice, got \w{12}… \(expected \w{12}…\)/,
    );
    expect(await readdir(join(cacheOf(), 'blobs'))).not.toContain(sha256);
    hub.clearFaults();
    await rm(cacheOf(), { recursive: true });
    hub.fault(/resolve.*config\.json/, { wrong: true });
    expect(await message(fetched())).toContain('config.json came with the wrong sha1 twice');
  });

  it('another size than was listed', async () => {
    hub.fault(model, { status: 200, body: 'short' });
    expect(await message(fetched())).toBe(
      'org/model: model.safetensors is another file than was listed, got 5 bytes (expected 20000000 bytes)',
    );
  });

  it('ranges are ignored: everything is read in one, and what is there already is passed over', async () => {
    hub.fault(model, { noRange: true });
    await expectWhole(await fetched());
    await rm(cacheOf(), { recursive: true });
    hub.fault(model, { cut: () => 15_000_000 }, 3);
    await expectWhole(await fetched());
  });

  it('a slow drip can be ended at any time, and is gone on with', async () => {
    const off = hub.fault(model, { drip: { bytes: 20_000, every: 5 } });
    const stop = new AbortController();
    const work = fetcherOf().fetch(entryOf(), {
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done > 500_000) stop.abort();
      },
    });
    expect(await message(work)).toBe('interrupted');
    const { size: kept } = await stat(partial());
    expect(kept).toBeGreaterThan(500_000);
    off();
    hub.log.length = 0;
    expect((await fetcherOf().sizeOf(entryOf())).cached).toBe(kept + config.length + 2);
    await expectWhole(await fetched());
    expect(sent()).toBe(size - kept);
  });

  it('no answer at all: given up after the time, and asked again', async () => {
    hub.fault(model, { hang: true }, 1);
    await expectWhole(await fetched('org/model', { env: hub.env(home, { HF_HUB_DOWNLOAD_TIMEOUT: '0.5' }) }));
  });

  it('an address of the storage host that ran out is asked for anew', async () => {
    hub.fault(/storage .*model/, { status: 403 }, 1);
    // The first address is refused at once: there is no other to ask for.
    expect(await message(fetched())).toMatch(/answered 403 for model\.safetensors/);
    hub.fault(model, { cut: 100_000 }, 1);
    let ranOut = false;
    const folder = await fetcherOf().fetch(entryOf(), {
      onProgress: ({ done }) => {
        if (done === 0 || ranOut) return;
        ranOut = true;
        hub.fault(model, { status: 403 }, 1);
      },
    });
    await expectWhole(folder);
    expect(hub.log.filter(({ host, path }) => host === 'hub' && /resolve.*model/.test(path)).length).toBeGreaterThan(2);
  });

  it('404, 401, gates and tokens say what to do', async () => {
    expect(await message(fetched('org/none'))).toBe(
      `org/none: no such repository on ${hub.endpoint}, got 401 (expected org/name as in its address, or it is private: then set HF_TOKEN (or run \`hf auth login\`))`,
    );
    await hub.serve('org/secret', {
      branches: { main: { 'config.json': '{}', 'model.safetensors': 'w' } },
      token: 'right',
    });
    const wrong = { env: hub.env(home, { HF_TOKEN: 'other' }) };
    expect(await message(fetched('org/secret', wrong))).toContain(
      'got 404 (expected org/name as in its address, or it is private and your token may not read it)',
    );
    const invalid = { env: hub.env(home, { HF_TOKEN: 'invalid' }) };
    expect(await message(fetched('org/model', invalid))).toContain('the token was refused by');
    await hub.serve('org/gated', {
      branches: { main: { 'config.json': '{}', 'model.safetensors': 'w' } },
      gated: true,
    });
    expect(await message(fetched('org/gated'))).toContain(
      `is gated, got 403; accept its conditions at ${hub.endpoint}/org/gated, then set HF_TOKEN`,
    );
  });

  it('the token is sent to the endpoint and to no other host', async () => {
    await hub.serve('org/secret', {
      branches: { main: { 'config.json': '{}', 'model.safetensors': 'w' } },
      token: 'right',
    });
    await fetched('org/secret', { env: hub.env(home, { HF_TOKEN: 'right' }) });
    const said = (host: string): Set<string | null> =>
      new Set(hub.log.filter((each) => each.host === host).map(({ authorization }) => authorization));
    expect(said('hub')).toEqual(new Set(['Bearer right']));
    expect(said('storage')).toEqual(new Set([null]));
  });

  it('a disk too small for it is said before a byte of it comes', async () => {
    const freeBytes = (): Promise<number> => Promise.resolve(1_000_000);
    expect(await message(fetched('org/model', { freeBytes }))).toBe(
      `org/model@main: the disk of ${cacheOf()} is too small for this checkpoint, got 1.0 MB free (expected 87.1 MB); free some, or let HF_HUB_CACHE name a folder on a larger disk; with --keep none each checkpoint is deleted when it is measured`,
    );
    expect(sent()).toBe(0);
  });
});

describe('several at once', () => {
  it('two fetchers share a download: each byte comes once', async () => {
    hub.fault(model, { drip: { bytes: 500_000, every: 5 } });
    const folders = await Promise.all([fetched(), fetched()]);
    expect(folders[0]).toBe(folders[1]);
    await expectWhole(folders[0]);
    expect(sent()).toBe(size);
  });

  it('what was fetched for the moment is deleted, but nothing that was there before or has another name', async () => {
    const other = randomBytes(50_000);
    await hub.serve('org/steps', {
      branches: {
        step0: { 'config.json': '{}', 'model.safetensors': other },
        step1: { 'config.json': '{}', 'model.safetensors': other },
        step2: { 'config.json': '{}', 'model.safetensors': randomBytes(50_000) },
      },
    });
    const blobs = async (): Promise<number> =>
      (await readdir(join(cacheOf('org/steps'), 'blobs'))).filter((name) => name.length === 64).length;
    await fetcherOf().fetch(entryOf('org/steps', 'step2'));
    const fetcher = fetcherOf({ keep: 'none', owned: join(home, 'owned') });
    const [zero, one, two] = ['step0', 'step1', 'step2'].map((step) => entryOf('org/steps', step));
    for (const entry of [zero!, one!, two!]) await fetcher.fetch(entry);
    expect(await blobs()).toBe(2);
    await fetcher.finished(zero!);
    // The same bytes are step1's.
    expect(await blobs()).toBe(2);
    await fetcher.finished(one!);
    await fetcher.finished(two!);
    expect(await blobs()).toBe(1);
    expect(await readdir(join(home, 'owned'))).toEqual([]);
  });
});
