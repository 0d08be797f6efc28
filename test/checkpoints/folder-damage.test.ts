/**
 * Checkpoint folders of every form with one of their files damaged (weights, index, config, adapter): a model whose
 * tensors lie in their files, or a clear error, soon and without much memory.
 */
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../src/bytes/index.js';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { EigentraceError } from '../../src/errors.js';
import { Model } from '../../src/models/index.js';
import { golden } from '../golden/checkpoint.js';
import { folderOf } from './folders.js';

const base = golden('architectures/llama_tied');
const factor = (name: string, shape: number[]) => ({
  ...{ name: `base_model.model.model.layers.1.self_attn.o_proj.${name}.weight`, dtype: 'F32' as const, shape },
  data: new Float32Array(shape[0]! * shape[1]!).fill(0.1),
});
const adapter = {
  'adapter_config.json': JSON.stringify({
    ...{ peft_type: 'LORA', r: 2, lora_alpha: 4, bias: 'none', target_modules: ['o_proj'], use_rslora: true },
    ...{ rank_pattern: {}, alpha_pattern: { o_proj: 8 }, base_model_name_or_path: base },
  }),
  'adapter_model.safetensors': Buffer.concat(encodeSafetensors([factor('lora_A', [2, 32]), factor('lora_B', [32, 2])])),
};

/** By form: the folder it is copied from, or its files. */
const forms: Record<string, string | Record<string, string | Uint8Array>> = {
  safetensors: base,
  'safetensors in shards': golden('architectures/llama_sharded'),
  'a config of another family': golden('architectures/gemma3_text'),
  '.bin': golden('checkpoints/gpt_neox_bin'),
  '.bin in shards': golden('checkpoints/llama_sharded_bin'),
  'the older .bin': golden('checkpoints/olmo2_legacy_bin'),
  'an adapter': adapter,
};

const damage = fc.record({
  file: fc.nat(),
  how: fc.constantFrom('flip', 'flip', 'cut', 'lengthen'),
  // Mostly where the structure stands.
  reach: fc.constantFrom(600, 6000, Infinity),
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('0159-.eE{}[]",: ntf'))),
  more: fc.integer({ min: 1, max: 100 }),
});

describe.each(Object.keys(forms))('%s', (form) => {
  it('a model or a clear error', async () => {
    const from = forms[form]!;
    const folder = await folderOf(typeof from === 'string' ? {} : from);
    if (typeof from === 'string') await cp(from, folder, { recursive: true });
    const names = (await readdir(folder)).filter((name) => !/^(config\.v4|reference|README)/.test(name)).sort();
    const whole = new Map<string, Buffer>();
    for (const name of names) whole.set(name, await readFile(join(folder, name)));
    const sound = Model.read(await openCheckpoint(folder));
    expect(sound.layers).toBeGreaterThan(1);

    let errors = 0;
    const property = fc.asyncProperty(damage, async ({ file, how, reach, where, value, more }) => {
      const name = names[file % names.length]!;
      const good = whole.get(name)!;
      const at = Math.floor(where * Math.min(reach, good.length));
      const bytes = Buffer.from(how === 'cut' ? good.subarray(0, at) : good);
      if (how === 'flip') bytes[at] = value;
      await writeFile(
        join(folder, name),
        how === 'lengthen' ? Buffer.concat([bytes, Buffer.alloc(more, value)]) : bytes,
      );
      const before = process.memoryUsage().rss;
      try {
        const checkpoint = await openCheckpoint(folder);
        for (const { file, offset, byteLength } of checkpoint.tensors.values()) {
          expect(offset + byteLength).toBeLessThanOrEqual((await stat(file)).size);
        }
        const model = Model.read(checkpoint);
        model.stateGraph({ layers: ['final'], position: 'last', everyToken: false, maxTokens: 16 });
      } catch (error) {
        if (!(error instanceof EigentraceError)) throw error;
        expect(error.code, error.message).toBe('input');
        expect(error.message).toMatch(/^\S.*: /s);
        errors++;
      } finally {
        await writeFile(join(folder, name), good);
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
    });
    await fc.assert(property, { numRuns: 250, timeout: 10_000 });
    expect(errors).toBeGreaterThan(50);
  }, 120_000);
});
