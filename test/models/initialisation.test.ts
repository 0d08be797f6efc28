/** Initial weights against transformers' own, family by family (test/golden/controls/make_initialisation.py). */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { Model } from '../../src/models/index.js';
import { drawTensor } from '../../src/trace/random-init.js';
import { golden } from '../golden/checkpoint.js';

interface Golden {
  cases: {
    family: string;
    config: Record<string, unknown>;
    tensors: Record<string, { constant: number | null; std: number | null; elements: number; zero_rows: number[] }>;
  }[];
}

const { cases } = JSON.parse(await readFile(golden('controls/initialisation.json'), 'utf8')) as Golden;

const modelOf = async (family: string, config: Record<string, unknown>): Promise<Model> =>
  Model.read({ ...(await openCheckpoint(golden(`architectures/${family}`))), name: family, config });

describe('initialisation', () => {
  it.each(cases.map((each, i) => [each.family, i % 4, each] as const))(
    'of %s is transformers’ (case %i)',
    async (family, _, { config, tensors }) => {
      const model = await modelOf(family, config);
      const initialisation = model.initialisation();
      expect(model.tensors.length).toBeGreaterThan(10);
      for (const { name, shape } of model.tensors) {
        // transformers 5 calls GPT-NeoX's unembedding as all others are called.
        const expected = tensors[name === 'embed_out.weight' ? 'lm_head.weight' : name];
        expect(expected, name).toBeDefined();
        const draw = initialisation.of(name, shape);
        if (draw.kind === 'constant') {
          expect(draw.value, name).toBe(expected!.constant);
          continue;
        }
        expect(expected!.zero_rows, name).toEqual(draw.zeroRow === null ? [] : [draw.zeroRow]);
        // Four standard errors of a pooled standard deviation.
        const error = draw.std / Math.sqrt(2 * expected!.elements);
        expect(Math.abs(draw.std - expected!.std!), name).toBeLessThan(4 * error);
      }
    },
  );

  it('says what it is from, and refuses what is no standard deviation or token', async () => {
    const { config } = cases.find(({ family }) => family === 'llama')!;
    const std = async (changes: Record<string, unknown>) => {
      const { std, from } = (await modelOf('llama', { ...config, ...changes })).initialisation();
      return [std, from];
    };
    expect(await std({ initializer_range: 0.03 })).toEqual([0.03, 'initializer_range']);
    expect(await std({ initializer_range: null })).toEqual([0.02, 'default']);
    await expect(std({ initializer_range: '0.02' })).rejects.toThrow(
      'checkpoint llama: config.json: initializer_range: got "0.02" (expected a positive number)',
    );
    await expect(std({ pad_token_id: 'x' })).rejects.toThrow('pad_token_id: got "x" (expected a token id)');
  });

  it('draws a tensor in chunks with its zero row, the same in any order', () => {
    const initialisation = {
      ...{ std: 0.02, from: 'default' },
      of: () => ({ kind: 'normal', std: 0.02, zeroRow: 1030 }) as const,
    };
    const draw = (name: string, seed = 0) =>
      [...drawTensor(initialisation, seed, name, [1100, 1024])].flatMap((chunk) => [...chunk]);
    const values = draw('embed');
    expect(values).toHaveLength(1100 * 1024);
    const zeros = values.flatMap((value, i) => (value === 0 ? [i] : []));
    expect([zeros.length, zeros[0], zeros.at(-1)]).toEqual([1024, 1030 * 1024, 1031 * 1024 - 1]);
    const live = values.filter((value) => value !== 0);
    const std = Math.sqrt(live.reduce((sum, value) => sum + value * value, 0) / live.length);
    expect(Math.abs(std - 0.02)).toBeLessThan((4 * 0.02) / Math.sqrt(2 * live.length));
    draw('other');
    expect(draw('embed').slice(0, 9)).toEqual(values.slice(0, 9));
    expect(draw('embed', 1)[0]).not.toBe(values[0]);
  });
});
