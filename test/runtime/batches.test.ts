import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf } from '../../src/runtime/index.js';

describe('batchesOf', () => {
  it('sorts by length, longest first, and fills the budget of padded tokens', () => {
    expect(batchesOf([5, 9, 2, 9, 4], 18)).toEqual([
      [1, 3],
      [0, 4, 2],
    ]);
    expect(batchesOf([100, 1], 10)).toEqual([[0], [1]]);
    expect(batchesOf([], 10)).toEqual([]);
  });

  it('leaves a batch unfilled where padding would cost more than another batch', () => {
    // Together 300 padded tokens for 220; apart 200 and 20.
    expect(batchesOf([100, 100, 20], 1000)).toEqual([[0, 1], [2]]);
    // Apart 280 tokens and a batch more, together 300.
    expect(batchesOf([100, 100, 80], 1000)).toEqual([[0, 1, 2]]);
    // Equal lengths: as full as can be.
    expect(batchesOf([7, 7, 7, 7, 7], 14)).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('holds every index once and no batch of two above the budget', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 })), fc.integer({ min: 1, max: 200 }), (lengths, budget) => {
        const batches = batchesOf(lengths, budget);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        for (const batch of batches) {
          const longest = Math.max(...batch.map((index) => lengths[index]!));
          if (batch.length > 1) expect(batch.length * longest).toBeLessThanOrEqual(budget);
        }
      }),
    );
  });
});
