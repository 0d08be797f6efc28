/** Frequencies of every kind of RoPE against the papers' formulas in float64, written the other way round. */
import { describe, expect, it } from 'vitest';
import { ropeFrequencies, ropeTables, type Rope } from '../../src/models/rope.js';

const plain = (theta: number, R: number): number[] => Array.from({ length: R / 2 }, (_, j) => theta ** ((-2 * j) / R));

function relative(got: Float32Array, expected: readonly number[]): number {
  expect(got.length).toBe(expected.length);
  return Math.max(...expected.map((value, j) => Math.abs(got[j]! / value - 1)));
}

describe('frequencies', () => {
  it('default and linear', () => {
    const rope: Rope = { theta: 10_000, dimensions: 64, scaling: null };
    expect(relative(ropeFrequencies(rope), plain(10_000, 64))).toBeLessThan(3e-7);
    const linear = ropeFrequencies({ ...rope, scaling: { type: 'linear', factor: 8 } });
    expect(
      relative(
        linear,
        plain(10_000, 64).map((f) => f / 8),
      ),
    ).toBeLessThan(3e-7);
  });

  it('llama3: long waves stretched, short ones kept, blended between', () => {
    const scaling = { type: 'llama3', factor: 8, low: 1, high: 4, original: 8192 } as const;
    const got = ropeFrequencies({ theta: 500_000, dimensions: 128, scaling });
    const turns = (f: number): number => (8192 * f) / (2 * Math.PI);
    const expected = plain(500_000, 128).map((f) => {
      const kept = Math.min(1, Math.max(0, (turns(f) - 1) / (4 - 1)));
      return f * (kept + (1 - kept) / 8);
    });
    expect(relative(got, expected)).toBeLessThan(1e-6);
    // Of 64 frequencies, 29 turn at least four times in 8192 positions, 29 less than once.
    const ratio = plain(500_000, 128).map((f, j) => got[j]! / f);
    expect(ratio.filter((r) => Math.abs(r - 1) < 1e-6).length).toBe(29);
    expect(ratio.filter((r) => Math.abs(r * 8 - 1) < 1e-6).length).toBe(29);
  });

  it('yarn: a ramp over dimensions between two numbers of turns', () => {
    const scaling = { type: 'yarn', factor: 4, fast: 32, slow: 1, original: 32_768, attention: 1 } as const;
    const rope: Rope = { theta: 1_000_000, dimensions: 128, scaling };
    const yarn = (fast: number, slow: number): number[] => {
      // The index at which a frequency turns so often: original·θ^(−2j/R)/2π = turns.
      const index = (turns: number): number => (64 * Math.log(32_768 / (2 * Math.PI * turns))) / Math.log(1_000_000);
      const [from, to] = [Math.floor(index(fast)), Math.ceil(index(slow))];
      return plain(1_000_000, 128).map((f, j) => {
        const stretch = Math.min(1, Math.max(0, (j - from) / (to - from)));
        return f * (1 - stretch + stretch / 4);
      });
    };
    expect(relative(ropeFrequencies(rope), yarn(32, 1))).toBeLessThan(1e-6);
    for (const [fast, slow] of [
      [16, 1],
      [32, 2],
    ] as const) {
      const other = ropeFrequencies({ ...rope, scaling: { ...scaling, fast, slow } });
      expect(relative(other, yarn(fast, slow))).toBeLessThan(1e-6);
      expect(relative(other, yarn(32, 1))).toBeGreaterThan(0.01);
    }
  });

  it('dynamic: as without, for the sequences it leaves alone', () => {
    const rope: Rope = { theta: 10_000, dimensions: 32, scaling: { type: 'dynamic', factor: 4, original: 16 } };
    expect(ropeFrequencies(rope)).toEqual(ropeFrequencies({ ...rope, scaling: null }));
  });
});

describe('tables', () => {
  it('are cos and sin of position times frequency, times the attention factor', () => {
    const scaling = { type: 'yarn', factor: 8, fast: 32, slow: 1, original: 16, attention: 1.25 } as const;
    const rope: Rope = { theta: 10_000, dimensions: 8, scaling };
    const frequencies = ropeFrequencies(rope);
    const { cos, sin } = ropeTables(rope, 50);
    expect([cos.length, sin.length]).toEqual([200, 200]);
    for (const p of [0, 1, 49]) {
      frequencies.forEach((f, j) => {
        expect(cos[p * 4 + j]).toBeCloseTo(1.25 * Math.cos(p * f), 5);
        expect(sin[p * 4 + j]).toBeCloseTo(1.25 * Math.sin(p * f), 5);
      });
    }
  });
});
