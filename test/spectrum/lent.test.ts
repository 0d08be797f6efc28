/** The covariance by the product that the host lends: the same figures as the kernel's own, whatever the threads. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { measureRows, openKernel, type LayerMeasurement, type StartThread } from '../../src/spectrum/index.js';
import { startThread } from '../../src/trace/kernel-threads.js';
import { randomRows, rowsOf } from './fixtures.js';

vi.setConfig({ testTimeout: 120_000 });

/** Threads of a host that lends what `lend`, a JavaScript expression, says. */
const lending =
  (lend: string): StartThread =>
  (source, data, events) =>
    startThread(`(data, listen, send) => (${source})(data, listen, send, ${lend})`, data, events);

async function measured(
  n: number,
  d: number,
  start: StartThread,
  threads = 2,
): Promise<LayerMeasurement & { lent: number }> {
  const kernel = openKernel({ startThread: start, threads });
  try {
    const rows = rowsOf(randomRows(n, d, { offset: 1 }));
    const measurement = await measureRows(rows, { kernel, errors: 'none', variants: ['rankme[l2]'] });
    return { ...measurement, lent: kernel.counts.lent };
  } finally {
    await kernel.close();
  }
}

/** Largest difference of two spectra, relative to the largest eigenvalue. */
function distance(a: Float64Array, b: Float64Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) / b[0]!;
}

describe.runIf(process.arch === 'x64')('a lent product', () => {
  it('gives the figures of the kernel’s own, odd numbers of rows and columns and strips cut short', async () => {
    for (const [n, d] of [
      [3207, 515],
      [601, 600],
    ] as const) {
      const [own, lent] = [await measured(n, d, lending('undefined')), await measured(n, d, startThread)];
      expect([own.lent, lent.lent > 1]).toEqual([0, true]);
      for (const name of ['eigenvalues', 'eigenvalues_uncentred', 'eigenvalues_l2']) {
        expect(distance(lent.arrays[name]!, own.arrays[name]!), name).toBeLessThan(1e-13);
      }
      expect(lent.arrays['sums']).toEqual(own.arrays['sums']);
      expect(Math.abs(lent.figures.rankme! / own.figures.rankme! - 1)).toBeLessThan(1e-12);
    }
  });

  it('gives the same bits with 1, 2, 3 and 5 threads', async () => {
    const one = await measured(1100, 1030, startThread, 1);
    expect(one.lent).toBeGreaterThan(0);
    for (const threads of [2, 3, 5]) expect(await measured(1100, 1030, startThread, threads)).toEqual(one);
  });

  it('is not asked for below 512 columns, nor taken where the host has none after all', async () => {
    expect((await measured(600, 511, lending('() => { throw new Error("asked"); }'))).lent).toBe(0);
    await expect(measured(600, 512, lending('() => { throw new Error("asked"); }'))).rejects.toThrow('asked');
    expect((await measured(600, 512, lending('async () => null'))).lent).toBe(0);
  });

  it('lets the process exit at any moment', async () => {
    const dist = new URL('../../dist/', import.meta.url).href;
    const script = (delay: number): string => `
      const { measureRows, openKernel } = await import('${dist}spectrum/index.js');
      const { startThread } = await import('${dist}trace/kernel-threads.js');
      const [n, d] = [4096, 1024], values = new Float32Array(n * d).map((_, i) => (i * 7919) % 1009);
      const rows = { n, d, read: (from, to) => values.subarray(from * d, to * d) };
      const kernel = openKernel({ startThread });
      const work = async () => { for (;;) await measureRows(rows, { kernel, errors: 'none', alphaRange: [12, 100] }); };
      const begun = setInterval(() => {
        if (kernel.counts.lent === 0) return;
        clearInterval(begun);
        setTimeout(() => process.exit(130), ${delay});
      }, 1);
      await work();`;
    for (const delay of [0, 5, 11, 18, 26, 33, 41, 55]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script(delay)], { stdio: 'inherit' });
      const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect({ status, signal }, `after ${delay} ms`).toEqual({ status: 130, signal: null });
    }
  });
});
