/** The child that runs onnxruntime: it never blocks its parent, dies alone, and gives its memory back. */
import { cp, mkdtemp, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EigentraceError } from '../../src/errors.js';
import { Model } from '../../src/models/index.js';
import { measureSpeed, ModelProcess, represent } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

const folder = golden('architectures/gpt_neox');
const children: ModelProcess[] = [];
const start = (): ModelProcess => {
  const child = ModelProcess.start();
  children.push(child);
  return child;
};
afterEach(() => {
  for (const child of children.splice(0)) child.kill(new EigentraceError('interrupted', 'done'));
});
const nothing = { state: () => undefined };

describe('ModelProcess', () => {
  it('lets the timers of its parent fire while it computes, and can be stopped within a second', async () => {
    const child = start();
    const model = Model.read(await modelSource(folder));
    const sequence = Int32Array.from({ length: 2000 }, (_, i) => i % 101);
    const controller = new AbortController();
    let ticks = 0;
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      ticks++;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 10);
    const sequences = Array.from({ length: 400 }, () => sequence);
    const options = { layers: ['final'] as const, position: 'last' as const, threads: 2, signal: controller.signal };
    const running = represent(child, model, sequences, options, nothing);
    let stopped = 0;
    setTimeout(() => {
      stopped = performance.now();
      controller.abort();
    }, 700);
    await expect(running).rejects.toThrow('interrupted');
    expect(performance.now() - stopped).toBeLessThan(1000);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    expect(longest).toBeLessThan(1000);
  });

  it('names the checkpoint when it dies, and a new one works', async () => {
    const child = start();
    child.label = 'checkpoint step512';
    const asked = child.probe();
    process.kill(child.pid!, 'SIGKILL');
    await expect(asked).rejects.toThrow(
      'checkpoint step512: the forward pass died, SIGKILL: the system killed it, most likely for memory',
    );
    expect(child.dead).toBe(true);
    expect((await start().probe()).resident).toBeGreaterThan(1e6);
  });

  it('makes a truncated weight file an error of that checkpoint', async () => {
    const copy = join(await mkdtemp(join(tmpdir(), 'truncated-')), 'step1');
    await cp(folder, copy, { recursive: true });
    const source = await modelSource(copy);
    await truncate(join(copy, 'model.safetensors'), 100_000);
    const child = start();
    const running = represent(
      child,
      Model.read(source),
      [Int32Array.of(1, 2)],
      {
        ...{ layers: ['final'], position: 'last', threads: 1 },
      },
      nothing,
    );
    await expect(running).rejects.toThrow(/^checkpoint step1: /);
  });

  it('refuses a sequence with an id outside the embedding', async () => {
    const model = Model.read(await modelSource(folder));
    const options = { layers: ['final'] as const, position: 'last' as const, threads: 1 };
    await expect(represent(start(), model, [Int32Array.of(1, 101)], options, nothing)).rejects.toThrow(
      /^checkpoint gpt_neox: .*indices element out of data bounds/,
    );
  });

  it('gives the memory of a model back: after twenty loads the peak is that of one', async () => {
    const child = start();
    const model = Model.read(await modelSource(folder));
    const { ids } = await reference(folder);
    const options = { layers: model.parseLayers('all'), position: 'last', threads: 2, logprobs: true } as const;
    const once = async (): Promise<number> => {
      await represent(child, model, ids, options, nothing);
      await child.release();
      return (await child.probe()).resident;
    };
    await once();
    const first = await once();
    for (let i = 0; i < 18; i++) await once();
    expect((await once()) / first).toBeLessThan(1.15);
  });

  it('measures the speed of a product', async () => {
    const { best, sustained } = await measureSpeed(start(), 1, 64, 3);
    expect(best).toBeGreaterThanOrEqual(sustained);
    expect(sustained).toBeGreaterThan(1e8);
  });

  it('gives logits of the last token when asked', async () => {
    const child = start();
    const model = Model.read(await modelSource(folder));
    const { ids, float } = await reference(folder);
    await child.load('states', model.stateGraph({ layers: [], position: 'last', everyToken: true, maxTokens: 64 }), 1);
    await child.load('head', model.headGraph('logits'), 1);
    const lengths = Int32Array.of(ids[2]!.length, ids[5]!.length);
    const batch = Int32Array.of(...ids[2]!, ...ids[5]!);
    const { head } = await child.forward({ ids: batch, lengths, head: 'logits', everyToken: false });
    const expected = [...float('logits_2'), ...float('logits_5')];
    expect(head!.length).toBe(202);
    head!.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(5e-5));
  });
});
