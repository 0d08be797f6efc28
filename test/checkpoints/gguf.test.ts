/** GGUF against the `gguf` package's values and the checkpoints that its files were converted from; refusals. */
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemorySource, readSafetensors } from '../../src/bytes/index.js';
import { openCheckpoint, openEntry, openSeries } from '../../src/checkpoints/index.js';
import { readGgufHeader } from '../../src/checkpoints/gguf-header.js';
import { golden } from '../golden/checkpoint.js';
import { folderOf, refusal } from './folders.js';
import { allValues, embedding, ggufOf, metadataOf, valuesOf, type MadeTensor, type Value } from './gguf-file.js';

const file = (path: string): string => golden(`gguf/${path}`);

describe('blocks', () => {
  const types = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K'];
  it.each(types)('%s: the values of the gguf package, bit for bit', async (type) => {
    const scratchFolder = await folderOf({});
    const checkpoint = await openCheckpoint(file(`blocks/${type}.gguf`), { scratchFolder });
    const { tensors } = await readSafetensors(file(`blocks/${type}.safetensors`));
    const tensor = checkpoint.tensors.get('model.embed_tokens.weight')!;
    expect(tensor).toMatchObject({ dtype: 'F32', shape: [6, 512], byteLength: 6 * 512 * 4, stored: { dtype: type } });
    expect(checkpoint.notes).toContain(`weights dequantised from ${type} to float32`);
    // Bits, so that −0 and 0 are told apart.
    const bits = (values: Float32Array): Uint32Array =>
      new Uint32Array(values.buffer, values.byteOffset, values.length);
    const expected = Float32Array.from(tensors.get('values')!.data as Float32Array);
    const release = await checkpoint.prepare!();
    expect(bits(await valuesOf(tensor))).toEqual(bits(expected));
    expect(await readdir(scratchFolder)).toHaveLength(1);
    await release();
    expect(await readdir(scratchFolder)).toEqual([]);
  });
});

describe('models', () => {
  const models = ['llama', 'llama_rope_scaled', 'llama_tied', 'qwen2', 'gpt_neox', 'gpt_neox_float16'];
  it.each(models)('%s: every tensor of the original, under its name', async (name) => {
    const checkpoint = await openCheckpoint(file(`models/${name}.gguf`), { scratchFolder: await folderOf({}) });
    const source = await openCheckpoint(golden(`architectures/${name}`));
    expect([...checkpoint.tensors.keys()].sort()).toEqual([...source.tensors.keys()].sort());
    const values = await allValues(checkpoint);
    for (const [tensor, range] of source.tensors) {
      expect(checkpoint.tensors.get(tensor)!.shape, tensor).toEqual(range.shape);
      expect(values.get(tensor), tensor).toEqual(await valuesOf(range));
    }
  });

  it('leaves bfloat16 in place', async () => {
    const checkpoint = await openCheckpoint(file('models/qwen2_bfloat16.gguf'));
    const source = await openCheckpoint(golden('architectures/qwen2'));
    expect(checkpoint.prepare).toBeNull();
    const name = 'model.layers.1.mlp.down_proj.weight';
    expect(checkpoint.tensors.get(name)).toMatchObject({ dtype: 'BF16', file: checkpoint.files[0]!.path });
    const [rounded, exact] = [await valuesOf(checkpoint.tensors.get(name)!), await valuesOf(source.tensors.get(name)!)];
    for (const [i, value] of exact.entries()) {
      expect(Math.abs(rounded[i]! - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8);
    }
  });

  it('writes only what must be: q and k of Llama, the joint matrix of GPT-NeoX', async () => {
    const moved = async (name: string): Promise<string[]> => {
      const { tensors } = await openCheckpoint(file(`models/${name}.gguf`), { scratchFolder: await folderOf({}) });
      return [...tensors.values()]
        .filter(({ stored }) => stored)
        .map((tensor) => tensor.name.replace(/^.*\.\d+\./, ''));
    };
    expect(new Set(await moved('llama'))).toEqual(new Set(['self_attn.q_proj.weight', 'self_attn.k_proj.weight']));
    const joint = ['attention.query_key_value.weight', 'attention.query_key_value.bias'];
    expect(new Set(await moved('gpt_neox'))).toEqual(new Set(joint));
    expect(await moved('qwen2')).toEqual([]);
  });

  it('makes the config that was converted', async () => {
    for (const name of ['llama', 'llama_rope_scaled', 'llama_tied', 'qwen2', 'gpt_neox']) {
      const { config } = await openCheckpoint(file(`models/${name}.gguf`), { scratchFolder: await folderOf({}) });
      const original = (await openCheckpoint(golden(`architectures/${name}`))).config;
      for (const [key, value] of Object.entries(config)) {
        const expected = key === 'head_dim' ? (original[key] ?? value) : original[key];
        expect([name, key, value]).toEqual([name, key, expected]);
      }
    }
  });
});

describe('a folder', () => {
  it('with one file is a checkpoint whose identity is the file, its tokenizer beside it', async () => {
    const folder = await folderOf({ 'step5/tokenizer.json': '{}', 'step6/': '' });
    for (const step of ['step5', 'step6']) await copyFile(file('models/qwen2.gguf'), join(folder, step, 'm.gguf'));
    const series = await openSeries(folder);
    expect(series.entries.map(({ revision, step }) => [revision, step])).toEqual([
      ['step5', 5],
      ['step6', 6],
    ]);
    const checkpoint = await openEntry(series, series.entries[0]!);
    expect(checkpoint).toMatchObject({ name: 'step5', files: [{ name: 'm.gguf', size: 122_880 }], bytes: 122_880 });
    expect(checkpoint.tokenizer?.path).toBe(join(folder, 'step5', 'tokenizer.json'));
    expect((await openEntry(series, series.entries[1]!)).tokenizer).toBeNull();
  });

  it('can be a file too, with the tokenizer beside it', async () => {
    const folder = await folderOf({ 'tokenizer.json': '{}' });
    await copyFile(file('models/qwen2.gguf'), join(folder, 'small-q8.gguf'));
    const series = await openSeries(join(folder, 'small-q8.gguf'));
    expect(series.entries).toMatchObject([{ revision: 'small-q8' }]);
    const { tokenizer } = await openEntry(series, series.entries[0]!);
    expect(tokenizer?.path).toBe(join(folder, 'tokenizer.json'));
  });

  it('with several asks which, and prefers safetensors', async () => {
    const folder = await folderOf({ 'several/': '', 'both/': '' });
    for (const name of ['several/a.gguf', 'several/b.gguf', 'both/a.gguf']) {
      await copyFile(file('models/qwen2.gguf'), join(folder, name));
    }
    expect(await refusal(openCheckpoint(join(folder, 'several')))).toMatch(/unclear, got 2 GGUF files \(a\.gguf, b\.g/);
    for (const name of ['config.json', 'model.safetensors']) {
      await copyFile(golden(`architectures/qwen2/${name}`), join(folder, 'both', name));
    }
    expect((await openCheckpoint(join(folder, 'both'))).files[0]!.name).toBe('model.safetensors');
  });
});

describe('reading', () => {
  it('reads the header only, and walks over a vocabulary without keeping it', async () => {
    const texts = Array.from({ length: 300_000 }, (_, i) => `token ${i}`);
    const bytes = ggufOf({ ...metadataOf(), 'tokenizer.ggml.tokens': { texts } }, [
      embedding({ dims: [32, 2 ** 18], bytes: Buffer.alloc(34 * 2 ** 18) }),
    ]);
    const source = new MemorySource(bytes, 'm.gguf');
    const { metadata, tensors } = await readGgufHeader(source);
    expect(metadata.get('tokenizer.ggml.tokens')).toBeNull();
    expect(tensors).toMatchObject([{ shape: [2 ** 18, 32], byteLength: 34 * 2 ** 18 }]);
    const header = bytes.length - 34 * 2 ** 18;
    const read = source.reads.reduce((sum, { start, end }) => sum + end - start, 0);
    expect(read).toBeLessThan(header + 2 ** 21);
    expect(source.reads.length).toBeLessThan(12);
  });

  const opened = async (metadata: Record<string, Value>, tensors: MadeTensor[] = [embedding()]): Promise<string> => {
    const folder = await folderOf({ 'm.gguf': ggufOf(metadata, tensors) });
    const message = await refusal(openCheckpoint(folder, { scratchFolder: folder }));
    return message.replace(join(folder, 'm.gguf'), 'm.gguf');
  };

  it.each<[string, Record<string, Value>, MadeTensor[] | undefined, RegExp]>([
    ['another architecture', { 'general.architecture': { text: 'mamba' } }, undefined, /architecture: got "mamba"/],
    ['an unknown key', metadataOf({ 'qwen2.expert_count': { u32: 8 } }), undefined, /qwen2\.expert_count: got 8/],
    ['parts', metadataOf({ 'split.count': { u32: 3 } }), undefined, /split\.count: got 3 .*llama-gguf-split --merge/],
    ['a missing key', metadataOf({ 'qwen2.block_count': null }), undefined, /qwen2\.block_count: got nothing/],
    ['a RoPE', metadataOf({ 'qwen2.rope.scaling.type': { text: 'longrope' } }), undefined, /got "longrope"/],
    [
      'YaRN of no length',
      metadataOf({ 'qwen2.rope.scaling.type': { text: 'yarn' } }),
      undefined,
      /length: got nothing/,
    ],
    ['an alignment', metadataOf({ 'general.alignment': { u32: 24 } }), undefined, /got 24 \(expected a power of two/],
    ['a type', metadataOf(), [embedding({ type: 23 })], /tensor token_embd\.weight: type is not supported, got IQ4_XS/],
    ['half blocks', metadataOf(), [embedding({ dims: [48, 1] })], /rows of 48 are no whole blocks of Q8_0/],
    ['a twin', metadataOf(), [embedding(), embedding()], /a tensor is there twice/],
    ['a short file', metadataOf(), [embedding({ dims: [32, 99] })], /ends at byte \d+, got \d+ bytes \(truncated\?\)/],
    ['a huge tensor', metadataOf(), [embedding({ dims: [2 ** 50, 2 ** 50] })], /got shape \[/],
    ['no tensor', metadataOf({ 'qwen2.vocab_size': { u32: 5 } }), [], /holds no tensor/],
  ])('refuses %s', async (_, metadata, tensors, message) => {
    expect(await opened(metadata, tensors)).toMatch(message);
  });

  it('refuses counts that the file cannot hold, before memory is taken', async () => {
    const bytes = ggufOf(metadataOf(), [embedding()]);
    bytes.writeBigUInt64LE(2n ** 40n, 8);
    await expect(readGgufHeader(new MemorySource(bytes, 'm.gguf'))).rejects.toThrow(
      /^m\.gguf: number of tensors: got 1099511627776, more than \d+ bytes hold$/,
    );
  });

  it('keeps the number of rotated dimensions, where 30/44 of 44 would be rounded down', async () => {
    const keys = Object.entries(metadataOf()).map(([key, value]) => [key.replace('qwen2', 'gptneox'), value] as const);
    const metadata: Record<string, Value> = {
      ...Object.fromEntries(keys),
      'general.architecture': { text: 'gptneox' },
      'gptneox.embedding_length': { u32: 88 },
      'gptneox.rope.dimension_count': { u32: 30 },
      'gptneox.attention.layer_norm_epsilon': { f32: 1e-5 },
    };
    const folder = await folderOf({ 'm.gguf': ggufOf(metadata, [embedding()]) });
    const { config } = await openCheckpoint(folder, { scratchFolder: folder });
    const { partial_rotary_factor: fraction } = config['rope_parameters'] as Record<string, number>;
    expect([Math.floor((30 / 44) * 44), Math.floor(fraction! * 44)]).toEqual([29, 30]);
    expect(config['layer_norm_eps']).toBe(1e-5);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const folder = await folderOf({ 'scratch/': '' });
    await mkdir(join(folder, 'm'));
    await writeFile(join(folder, 'm', 'm.gguf'), await readFile(file('models/llama.gguf')));
    const checkpoint = await openCheckpoint(join(folder, 'm'), { scratchFolder: join(folder, 'scratch') });
    expect(await refusal(checkpoint.prepare!(AbortSignal.abort()))).toBe('interrupted');
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });
});
