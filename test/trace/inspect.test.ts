/** What `inspect` says of golden checkpoints, and that it reads no weight. */
import { cp, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../src/bytes/index.js';
import { EigentraceError } from '../../src/errors.js';
import { inspect } from '../../src/trace/inspect.js';
import { inspect as inspectCommand } from '../../src/cli/commands/inspect.js';
import { run } from '../../src/cli/run.js';
import * as library from '../../src/index.js';
import { folderOf } from '../checkpoints/folders.js';
import { world } from '../cli/fakes.js';
import { golden } from '../golden/checkpoint.js';

const neox = golden('architectures/gpt_neox_float16');
/** Of its config: V=101, d=48, L=3, inner 192; embeddings 2·V·d. */
const [v, d, inner] = [101, 48, 192];
const block = 3 * d * d + 3 * d + d * d + d + 2 * d * inner + inner + d + 4 * d;
const nonEmbedding = 3 * block + 2 * d;

describe('inspect', () => {
  it('says architecture, sizes, dtypes, files and where tensors lie', async () => {
    const got = await inspect(neox);
    expect(got.architecture).toEqual({ modelType: 'gpt_neox', title: 'GPT-NeoX (Pythia)', nearest: [] });
    expect(got.model).toEqual({
      parameters: { all: nonEmbedding + 2 * v * d, nonEmbedding },
      ...{ width: d, layers: 3, vocabulary: v, positions: 128 },
    });
    const elements = nonEmbedding + 2 * v * d;
    expect(got.dtypes).toEqual([{ dtype: 'F16', tensors: got.tensors.length, elements, bytes: 2 * elements }]);
    expect(got.files).toMatchObject([{ name: 'model.safetensors', bytes: 193_432 }]);
    expect(got.problems).toEqual([expect.stringContaining('no tokenizer.json')]);
    // The byte range, read by hand: the header says where the data starts.
    const file = await readFile(join(neox, 'model.safetensors'));
    const length = Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>;
    for (const { name, offset, bytes } of got.tensors) {
      const [start, end] = header[name]!.data_offsets;
      expect([offset, offset + bytes]).toEqual([8 + length + start!, 8 + length + end!]);
    }
  });

  it('reads headers only: weights that are a hole in the file cost nothing', async () => {
    const folder = await folderOf({ 'tokenizer.json': '{}' });
    await cp(join(neox, 'config.json'), join(folder, 'config.json'));
    // A hundred gigabytes that take no room on the disk: reading them would take minutes.
    const shape = [v, 2 ** 30];
    const size = v * 2 ** 30;
    const header = JSON.stringify({ w: { dtype: 'U8', shape, data_offsets: [0, size] } });
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    await writeFile(join(folder, 'model.safetensors'), Buffer.concat([start, Buffer.from(header)]));
    await truncate(join(folder, 'model.safetensors'), 8 + header.length + size);
    const got = await inspect(folder);
    expect(got.tensors).toMatchObject([{ name: 'w', dtype: 'U8', shape, bytes: size }]);
    expect(got.problems).toHaveLength(1);
  });

  it('describes a model that is not known, and says what stops it', async () => {
    const folder = await folderOf({ 'config.json': '{"model_type":"gpt_neoxx"}', 'tokenizer.json': '{}' });
    await cp(join(neox, 'model.safetensors'), join(folder, 'model.safetensors'));
    const got = await inspect(folder);
    expect(got.architecture).toMatchObject({ modelType: 'gpt_neoxx', title: null });
    expect(got.architecture.nearest[0]).toBe('gpt_neox');
    expect([got.model, got.tensors.length > 0]).toEqual([null, true]);
    expect(got.problems[0]).toMatch(/unknown architecture, got gpt_neoxx/);
  });

  it('lists the tensors of an adapter beside those of its base, each in its own file', async () => {
    const factor = (name: string, shape: number[]) => ({
      ...{ name: `base_model.model.gpt_neox.layers.1.attention.dense.${name}.weight`, dtype: 'F32' as const, shape },
      data: new Float32Array(shape[0]! * shape[1]!),
    });
    const config = { peft_type: 'LORA', r: 2, lora_alpha: 4, base_model_name_or_path: neox };
    const folder = await folderOf({
      'adapter_config.json': JSON.stringify(config),
      'adapter_model.safetensors': Buffer.concat(
        encodeSafetensors([factor('lora_A', [2, d]), factor('lora_B', [d, 2])]),
      ),
    });
    const [got, base] = [await inspect(folder), await inspect(neox)];
    expect(got.base).toBe(neox);
    expect(got.tensors.length).toBe(base.tensors.length + 2);
    const own = got.tensors.filter(({ file }) => file.endsWith('adapter_model.safetensors'));
    expect(own.map(({ name, shape, bytes }) => [name.slice(-20), shape, bytes])).toEqual([
      ['dense.lora_A.weight'.padStart(20, '.'), [2, d], 8 * d],
      ['dense.lora_B.weight'.padStart(20, '.'), [d, 2], 8 * d],
    ]);
    expect(got.dtypes.find(({ dtype }) => dtype === 'F32')).toMatchObject({ tensors: 2, elements: 4 * d });
    expect(got.notes).toContain('an adapter: 1 matrix of its base plus 2 · B·A');
    expect(got.model).toEqual(base.model);
  });

  it('calls a GGUF file by its own name', async () => {
    const path = golden('gguf/models/llama_tied_q8_0.gguf');
    const got = await inspect(path);
    expect([got.name, got.config.path]).toEqual(['llama_tied_q8_0', path]);
    expect(got.dtypes.map(({ dtype, tensors }) => [dtype, tensors])).toEqual([
      ...[
        ['Q8_0', 13],
        ['F16', 2],
        ['F32', 19],
      ],
    ]);
  });

  it('refuses a series of several', async () => {
    const folder = await folderOf({});
    for (const step of ['step1', 'step2']) {
      await mkdir(join(folder, step));
      await cp(neox, join(folder, step), { recursive: true });
    }
    await expect(inspect(folder)).rejects.toThrow(EigentraceError);
    await expect(inspect(folder)).rejects.toThrow(/got a series of 2 checkpoints .*step1.*expected one checkpoint/);
  });
});

describe('eigentrace inspect', () => {
  const typed = async (...words: string[]) => {
    const w = world({ library: { inspect } });
    const status = await run(['inspect', neox, ...words], w, '1.2.3');
    return { status, stdout: w.stdout.text };
  };

  it('is short unless --tensors asks for every tensor', async () => {
    const { status, stdout } = await typed();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^architecture +GPT-NeoX \(Pythia\), gpt_neox$/m);
    expect(stdout).toMatch(/^gpt_neox\.layers\.\*\.attention\.dense\.weight +3 +F16 +\[48, 48\] +13\.5 KiB$/m);
    const all = await typed('--tensors');
    expect(all.stdout).toMatch(/^gpt_neox\.layers\.2\.attention\.dense\.weight +F16 +\[48, 48\] +model\.safe/m);
    expect(all.stdout.length).toBeGreaterThan(stdout.length);
  });

  it('gives JSON, the whole of it', async () => {
    expect(JSON.parse((await typed('--json')).stdout)).toEqual(await inspect(neox));
  });

  it('is exported, and has its settings', () => {
    expect(library.inspect).toBe(inspect);
    expect(Object.keys(inspectCommand.settings)).toContain('tensors');
  });
});
