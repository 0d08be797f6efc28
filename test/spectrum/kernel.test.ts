import { describe, expect, it } from 'vitest';
import { EigentraceError } from '../../src/errors.js';
import { eigenvalues, type Kernel, measureRows, openKernel, type StartThread } from '../../src/spectrum/index.js';
import { startThread } from '../../src/trace/kernel-threads.js';
import { randomRows, rowsOf, uniform } from './fixtures.js';

const kinds: [string, () => Kernel, number][] = [
  ['wasm', () => openKernel({ startThread, threads: 2 }), 1400],
  ['pure', () => openKernel(), 600],
];

function symmetric(n: number): Float64Array {
  const next = uniform(3);
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = next();
  return matrix;
}

describe.each(kinds)('%s kernel', (kind, open, order) => {
  it('lets timers fire while it works', async () => {
    const kernel = open();
    expect(kernel.kind).toBe(kind);
    const matrix = symmetric(order);
    await eigenvalues(Float64Array.of(1), 1, kernel);
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const start = performance.now();
    await eigenvalues(matrix, order, kernel);
    const took = performance.now() - start;
    clearInterval(timer);
    await kernel.close();
    expect(took).toBeGreaterThan(150);
    expect(longest).toBeLessThan(Math.max(100, took / 3));
  });

  it('stops within half a second, and works again afterwards', async () => {
    const kernel = open();
    const rows = rowsOf(randomRows(order + 100, order));
    const stop = new AbortController();
    let stopped = 0;
    setTimeout(() => {
      stopped = performance.now();
      stop.abort();
    }, 150);
    const failed = await measureRows(rows, { kernel, signal: stop.signal }).catch((error: unknown) => error);
    expect(performance.now() - stopped).toBeLessThan(500);
    expect(failed).toBeInstanceOf(EigentraceError);
    expect(failed).toMatchObject({ code: 'interrupted', message: 'interrupted' });
    await expect(measureRows(rows, { kernel, signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    expect([...(await eigenvalues(Float64Array.of(2, 1, 1, 2), 2, kernel))].map((x) => Math.round(x))).toEqual([3, 1]);
    await kernel.close();
  });

  it('refuses matrices with NaN or infinities, and of another shape', async () => {
    const kernel = open();
    for (const bad of [NaN, Infinity, -Infinity]) {
      await expect(eigenvalues(Float64Array.of(1, 2, bad, 1), 2, kernel)).rejects.toThrow(
        `matrix: entry [1, 0] is not finite, got ${bad} (expected finite float64)`,
      );
    }
    await expect(eigenvalues(Float64Array.of(1, 2, 3), 2, kernel)).rejects.toThrow('matrix: not square, got 3 values');
    await kernel.close();
  });

  it('serves several callers one after another', async () => {
    const kernel = open();
    const sizes = [3, 40, 7, 130, 2];
    const found = await Promise.all(sizes.map((n) => eigenvalues(symmetric(n), n, kernel)));
    for (const [i, n] of sizes.entries()) {
      const matrix = symmetric(n);
      let trace = 0;
      for (let j = 0; j < n; j++) trace += matrix[j * n + j]!;
      expect(found[i]!.reduce((s, x) => s + x, 0)).toBeCloseTo(trace, 10);
    }
    await kernel.close();
  });

  it.each([0, 1e-300, 1e300])('scales entries of %d', async (scale) => {
    const kernel = open();
    const found = await eigenvalues(
      Float64Array.of(2, 1, 1, 2).map((x) => x * scale),
      2,
      kernel,
    );
    expect(found[0]! / (scale || 1)).toBeCloseTo(scale === 0 ? 0 : 3, 12);
    expect(found[1]! / (scale || 1)).toBeCloseTo(scale === 0 ? 0 : 1, 12);
    await kernel.close();
  });
});

describe('threads', () => {
  it('end with the kernel, and a thread that dies is an error, not a wait for ever', async () => {
    const ended: number[] = [];
    let started = 0;
    const counting: StartThread = (source, data, events) => {
      const id = started++;
      // The second thread is broken: it dies as soon as it is given work.
      const broken = '(data, listen) => listen(() => { throw new Error("broken"); })';
      const thread = startThread(id === 1 ? broken : source, data, events);
      return { ...thread, end: () => thread.end().then(() => void ended.push(id)) };
    };
    const kernel = openKernel({ startThread: counting, threads: 2 });
    await expect(eigenvalues(symmetric(800), 800, kernel)).rejects.toThrow(
      'spectrum kernel: a thread ended, got "broken"',
    );
    expect(ended.sort()).toEqual([0, 1]);
    await kernel.close();
    await expect(eigenvalues(Float64Array.of(1), 1, kernel)).rejects.toThrow('the spectrum kernel is closed');
  });

  it('are at most eight, and one for a small matrix', async () => {
    let started = 0;
    const counting: StartThread = (...args) => {
      started++;
      return startThread(...args);
    };
    const kernel = openKernel({ startThread: counting, threads: 64 });
    expect(kernel.threads).toBe(8);
    await eigenvalues(symmetric(100), 100, kernel);
    expect(started).toBe(1);
    await kernel.close();
  });
});
