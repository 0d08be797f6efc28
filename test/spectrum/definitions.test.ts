import { afterAll, describe, expect, it } from 'vitest';
import {
  decompositions,
  definitionIds,
  definitions,
  definitionsVersion,
  measureRows,
  openKernel,
  spectrumFlops,
  spectrumMemory,
} from '../../src/spectrum/index.js';
import { randomRows, rowsOf } from './fixtures.js';

const kernel = openKernel();
afterAll(() => kernel.close());

describe('the catalogue', () => {
  it('explains every figure of a measurement, and nothing else but the variants', async () => {
    const { figures } = await measureRows(rowsOf(randomRows(40, 6)), { kernel });
    const ids = definitions.map(({ id }) => id);
    expect(ids.filter((id) => !id.includes('[')).sort()).toEqual(Object.keys(figures).sort());
    expect(ids.filter((id) => id.includes('['))).toEqual(['rankme[l2]', 'rankme[uncentred]', 'rankme[-k]']);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, formula, source, inputs, unit, range } of definitions) {
      for (const text of [name, formula, source, unit, range, ...inputs]) expect(text.length).toBeGreaterThan(0);
    }
    expect(definitionsVersion).toMatch(/^\d+$/);
  });

  it('names a changed range in the id of α', () => {
    expect(definitionIds([12, 100])).toEqual(['rankme', 'alpha', 'rankme.published', 'rankme.singular']);
    expect(definitionIds([11, 100], ['rankme[l2]'])[1]).toBe('alpha[11-100]');
  });
});

describe('the estimate', () => {
  it('counts the decompositions that are done', async () => {
    for (const errors of ['jackknife', 'none'] as const) {
      for (const [n, d] of [
        [60, 8],
        [30, 40],
      ] as const) {
        const before = kernel.counts.decompositions;
        await measureRows(rowsOf(randomRows(n, d)), { kernel, errors });
        expect(kernel.counts.decompositions - before).toBe(decompositions(errors));
      }
    }
  });

  it('grows with N and d as the work does', () => {
    const none = { errors: 'none' } as const;
    const jackknife = { errors: 'jackknife' } as const;
    // the Gram's N·d² and 4/3 d³ a reduction
    expect(spectrumFlops(10_000, 2048, none)).toBeCloseTo(10_000 * 2048 ** 2 + (4 / 3) * 2048 ** 3, -3);
    expect(spectrumFlops(10_000, 2048, jackknife)).toBeCloseTo(2 * 10_000 * 2048 ** 2 + 13 * (4 / 3) * 2048 ** 3, -3);
    expect(spectrumFlops(1000, 4096, jackknife)).toBeLessThan(spectrumFlops(4096, 4096, jackknife) / 10);
    // three matrices of 4096² float64 and little more; ten Grams as triangles besides when streamed
    const kept = spectrumMemory(15_000, 4096, jackknife);
    expect(kept / (3 * 8 * 4096 ** 2)).toBeGreaterThan(1);
    expect(kept / (3 * 8 * 4096 ** 2)).toBeLessThan(1.1);
    const streamed = spectrumMemory(15_000, 4096, { ...jackknife, streamed: true });
    expect((streamed - kept) / (10 * 4 * 4096 ** 2)).toBeLessThan(1.1);
    expect(() => spectrumMemory(50_000, 20_000, jackknife)).toThrow('float64 matrices of order 20000 need');
  });
});
