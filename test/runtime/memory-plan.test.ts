/** How a model is cut for a bound of memory: the arithmetic, on the sizes of Pythia-6.9B and of a model of wide vocabulary. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelSizes } from '../../src/models/index.js';
import {
  leastMemory,
  memoryPlan,
  processesMemory,
  type MemoryPlan,
  type MemoryRequest,
} from '../../src/runtime/index.js';

const GiB = 2 ** 30;
const matrix = 4 * 4096 * 16384;

/** float16: 12·d² weights a block. */
const pythia: ModelSizes = {
  width: 4096,
  vocabulary: 50432,
  embedding: { stored: 413e6, laidOut: 826e6, passing: 1239e6, whole: false },
  blocks: Array.from({ length: 32 }, () => ({ stored: 402.8e6, laidOut: 805.5e6, passing: 1.5 * matrix })),
  head: { stored: 413e6, laidOut: 826e6, passing: 1239e6, divisible: true },
  widest: 16384,
  rounding: 0,
};
const request = (changes: Partial<MemoryRequest> = {}): MemoryRequest => ({
  ...{ deepest: 32, layers: ['final'], everyRow: false, nll: false, maxTokens: 64, tokens: 4096, threads: 2 },
  ...{ resident: 0, scratchBound: 16 * GiB },
  ...changes,
});

/** Every block in order, once. */
function blocksOf({ parts }: MemoryPlan): number[] {
  let at = 0;
  return parts
    .filter(({ from }) => from !== null)
    .map(({ from, to }) => {
      expect(from).toBe(at);
      at = to ?? 32;
      return at - from!;
    });
}

describe('the plan', () => {
  it('is one session where the model fits', () => {
    const plan = memoryPlan(pythia, request(), 40 * GiB)!;
    expect(plan).toMatchObject({ parts: [{ from: null, to: null }], headPieces: 0, scratch: 0, waiting: 0 });
    // 32 blocks as float32, and what goes besides.
    expect(plan.peak).toBeGreaterThan(32 * 805.5e6);
    expect(plan.peak).toBeLessThan(32 * 805.5e6 + 1.6e9);
  });

  it('has as few stages as fit, and no larger ones than they need', () => {
    // Nine blocks would fit, but with eight there are as few stages.
    expect(memoryPlan(pythia, request(), 8.6e9)!.peak).toBe(memoryPlan(pythia, request(), 7.7e9)!.peak);
    const plan = memoryPlan(pythia, request(), 6 * GiB)!;
    expect(plan.parts[0]).toEqual({ from: null, to: 0 });
    expect(plan.parts.at(-1)!.to).toBeNull();
    expect(blocksOf(plan)).toEqual([6, 6, 6, 6, 6, 2]);
    expect(plan.peak).toBeLessThanOrEqual(6 * GiB);
    expect(plan.waiting).toBe(4096 * 4096 * 4);
  });

  it('leaves room for what stays beside it', () => {
    const plan = memoryPlan(pythia, request({ resident: 2 * GiB }), 6 * GiB)!;
    expect(blocksOf(plan).length).toBeGreaterThan(6);
    expect(plan.peak).toBeGreaterThan(2 * GiB);
    expect(plan.peak).toBeLessThanOrEqual(6 * GiB);
  });

  it('keeps hidden states in scratch where they are many, and in waves where scratch is bounded', () => {
    const many = memoryPlan(pythia, request({ tokens: 400_000, maxTokens: 512 }), 6 * GiB)!;
    expect(many).toMatchObject({ waiting: 0, scratch: 400_000 * 16384, waveTokens: 400_000 });
    const bounded = memoryPlan(pythia, request({ tokens: 400_000, maxTokens: 512, scratchBound: 2 * GiB }), 6 * GiB)!;
    expect(bounded.scratch).toBeLessThanOrEqual(2 * GiB);
    expect(Math.ceil(400_000 / bounded.waveTokens)).toBe(4);
  });

  it('runs the head after the blocks, in pieces where it is too large', () => {
    const nll = request({ nll: true });
    expect(memoryPlan(pythia, nll, 6 * GiB)!.headPieces).toBe(1);
    const wide = {
      ...pythia,
      head: { stored: 4e9, laidOut: 8e9, passing: 12e9, divisible: true },
      vocabulary: 488_000,
    };
    const plan = memoryPlan(wide, nll, 6 * GiB)!;
    expect(plan.headPieces).toBeGreaterThan(3);
    expect(plan.peak).toBeLessThanOrEqual(6 * GiB);
    const undivided = { ...wide, head: { ...wide.head, divisible: false } };
    expect(memoryPlan(undivided, nll, 6 * GiB)).toBeNull();
    expect(leastMemory(undivided, nll)).toBeGreaterThan(20e9);
    // All blocks fit, the head beside them does not.
    expect(memoryPlan(pythia, nll, 27.5e9)).toMatchObject({ parts: [{ from: null, to: null }], headPieces: 1 });
  });

  it('needs less when fewer layers are asked for', () => {
    const plan = memoryPlan(pythia, request({ deepest: 3, layers: [3] }), 40 * GiB)!;
    expect(plan.peak).toBeLessThan(3 * 805.5e6 + 1.6e9);
  });

  it('is there exactly from the least that works on', () => {
    const shapes = fc.record({
      nll: fc.boolean(),
      everyRow: fc.boolean(),
      tokens: fc.integer({ min: 1, max: 2_000_000 }),
      maxTokens: fc.integer({ min: 1, max: 4096 }),
      deepest: fc.integer({ min: 0, max: 32 }),
      resident: fc.integer({ min: 0, max: 4 * GiB }),
    });
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 40 * GiB }), (shape, more) => {
        const asked = request({ ...shape, layers: shape.deepest === 32 ? ['final'] : [shape.deepest] });
        const least = leastMemory(pythia, asked);
        expect(least).toBeGreaterThan(processesMemory + shape.resident);
        expect(memoryPlan(pythia, asked, least - 2)).toBeNull();
        const plan = memoryPlan(pythia, asked, least + more)!;
        expect(plan.peak).toBeLessThanOrEqual(least + more);
        expect(plan.waveTokens).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
