/** Commands beside trace that take a Hub id: an audit by the listing alone, and one that needs a model's weights. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Audit } from '../../src/trace/index.js';
import { eigentrace, sample, temporary } from '../trace/command-line.js';
import { HubServer, type Files } from './server.js';

vi.setConfig({ testTimeout: 120_000 });

let hub: HubServer;
let home: string;
beforeAll(async () => {
  hub = await HubServer.start();
  home = await temporary();
  const checkpoint = async (step: string): Promise<Files> => {
    const files: Files = {};
    for (const folder of ['', step]) {
      const place = join(sample, 'series', folder);
      for (const entry of await readdir(place, { withFileTypes: true })) {
        if (entry.isFile()) files[entry.name] = await readFile(join(place, entry.name));
      }
    }
    return files;
  };
  const [early, late] = [await checkpoint('step1000'), await checkpoint('step6000')];
  // As pythia-2.8b once was: branches of early steps that serve the final weights.
  await hub.serve('org/wrong', {
    branches: { main: late, step1000: early, step2000: late, step4000: late, step6000: late },
  });
});
afterAll(async () => {
  await hub.close();
  await rm(home, { recursive: true, force: true });
});

const run = (words: string[]) =>
  eigentrace(words, join(home, 'cache'), hub.env(join(home, 'hf')) as Record<string, string>);

it('audits by the listing: copies are found, and no weight is read', async () => {
  hub.log.length = 0;
  const audited = await run(['audit', 'org/wrong', '--json']);
  expect(audited.status, audited.stderr).toBe(4);
  const { findings } = JSON.parse(audited.stdout) as Audit;
  const copies = findings.find(({ code }) => code === 'identical-weights')!;
  expect(copies.members.map(({ revision }) => revision)).toEqual(['step2000', 'step4000']);
  expect(copies.message).toContain('step6000');
  expect(hub.sent(/safetensors$/)).toBe(0);
});

it('evaluates one revision, fetched as trace would', async () => {
  const words = ['evaluate', 'org/wrong@step6000', '--task', 'cloze', '--limit', '40', '--json'];
  const there = await run(words);
  expect(there.status, there.stderr).toBe(0);
  const here = await run(['evaluate', join(sample, 'series.json'), '--revisions', 'step6000', ...words.slice(2)]);
  const accuracy = (text: string): unknown => /"metric": ?"acc",\s*"value": ?([\d.]+)/.exec(text)?.[1];
  expect(accuracy(here.stdout)).toBeDefined();
  expect(accuracy(there.stdout)).toBe(accuracy(here.stdout));
});

it('writes a series.json of a repository, which trace takes; a folder and a revision beside it', async () => {
  const out = join(home, 'mixed', 'series.json');
  hub.log.length = 0;
  const words = ['series', 'pretrain=org/wrong', `sft=${join(sample, 'series/sft-step20')}`, 'rlvr=org/wrong@main'];
  const more = ['--revisions', 'pretrain=step1000,step6000', '--step', 'rlvr=9', '--name', 'mixed', '--out', out];
  const made = await run([...words, ...more]);
  expect(made.status, made.stderr).toBe(0);
  expect(made.stdout).toMatch(/^ +step6000 +6,000 .* org\/wrong@step6000$/m);
  expect(hub.sent(/safetensors$/)).toBe(0);
  const { name, stages } = JSON.parse(await readFile(out, 'utf8')) as {
    name: string;
    stages: { name: string; checkpoints: Record<string, unknown>[] }[];
  };
  expect([name, stages.map((stage) => stage.name)]).toEqual(['mixed', ['pretrain', 'sft', 'rlvr']]);
  const [pretrain, sft, rlvr] = stages.map(({ checkpoints }) => checkpoints);
  expect(pretrain).toEqual([
    { revision: 'step1000', step: 1000, hub: 'org/wrong@step1000' },
    { revision: 'step6000', step: 6000, hub: 'org/wrong@step6000' },
  ]);
  expect(sft).toMatchObject([
    { revision: 'sft-step20', step: 20, path: expect.stringMatching(/sft-step20$/) as string },
  ]);
  expect(rlvr).toEqual([{ revision: 'main', step: 9, hub: 'org/wrong@main' }]);

  const sampling = ['--corpus', 'sample:', '--sequences', '20', '--min-tokens', '0', '--max-tokens', '16'];
  const traced = await run(['trace', out, ...sampling, '--errors', 'none', '--out', join(home, 'mixed-run'), '--json']);
  expect(traced.status, traced.stderr).toBe(0);
  const { results } = JSON.parse(traced.stdout) as {
    results: { stage: string; layers: { final: { rankme: number } } }[];
  };
  expect(results.map(({ stage }) => stage)).toEqual(['pretrain', 'pretrain', 'sft', 'rlvr']);
  // main serves the weights of step6000, and nothing else has them.
  const rankmes = results.map(({ layers }) => layers.final.rankme);
  expect(rankmes[3]).toBe(rankmes[1]);
  expect(new Set(rankmes).size).toBe(3);

  const nothing = await run(['series', 'pretrain=org/none', '--out', join(home, 'none.json')]);
  expect([nothing.status, nothing.stdout]).toEqual([1, '']);
  expect(nothing.stderr).toMatch(/^eigentrace: org\/none: /);
  expect(await readdir(home)).not.toContain('none.json');
});
