import v8 from 'node:v8';
import { afterAll, describe, expect, it } from 'vitest';
import { eigenvalues, measureRows, openKernel } from '../../src/spectrum/index.js';
import { startThread } from '../../src/trace/kernel-threads.js';
import { golden, goldenMatrices, rowsOf, uniform } from './fixtures.js';

// Node 20 has fused multiply-adds behind a flag; later ones have them.
const plain = openKernel({ startThread });
if (Number(process.versions.node.split('.')[0]) < 21) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
const fused = openKernel({ startThread });
afterAll(() => Promise.all([plain.close(), fused.close()]));

describe('the build with fused multiply-adds', () => {
  it('is taken where the engine has them', () => {
    expect(fused.arithmetic).toBe('relaxed-simd');
    expect(['simd', 'relaxed-simd']).toContain(plain.arithmetic);
    expect(openKernel().arithmetic).toBe('scalar');
  });

  it.each(Object.entries(goldenMatrices()))('gives the golden figures of %s', async (name, matrix) => {
    const wanted = golden().matrices[name]!;
    const { figures, arrays } = await measureRows(rowsOf(matrix), { kernel: fused });
    expect(Math.abs(figures['rankme']! / wanted.rankme - 1)).toBeLessThan(1e-9);
    arrays['eigenvalues']!.forEach((x, i) => {
      expect(Math.abs(x - wanted.eigenvalues[i]!) / wanted.eigenvalues[0]!).toBeLessThan(1e-9);
    });
  });

  it('agrees with the plain one on 800 × 800, two threads', async () => {
    const next = uniform(8);
    const matrix = new Float64Array(800 * 800);
    for (let i = 0; i < 800; i++) for (let j = 0; j <= i; j++) matrix[i * 800 + j] = matrix[j * 800 + i] = next();
    const [a, b] = [await eigenvalues(matrix, 800, plain), await eigenvalues(matrix, 800, fused)];
    a.forEach((x, i) => {
      expect(Math.abs(x - b[i]!)).toBeLessThan(1e-12 * a[0]!);
    });
  });
});
