import { describe, expect, it } from 'vitest';
import { PythonRandom } from '../../src/statistics/index.js';

/** Values: `r = random.Random(seed); r.sample(range(n), k)`, Python 3.11. */
describe("Python's random", () => {
  it('draws the samples of Python, one after another', () => {
    const random = new PythonRandom(1234);
    expect([random.sample(7, 3), random.sample(7, 3), random.sample(7, 3)]).toEqual([
      [6, 3, 0],
      [0, 6, 4],
      [0, 5, 6],
    ]);
    expect([random.sample(1000, 6), random.sample(1000, 6)]).toEqual([
      [100, 784, 363, 242, 17, 31],
      [807, 16, 354, 663, 638, 495],
    ]);
    expect(random.sample(30, 5)).toEqual([19, 14, 4, 2, 5]);
  });

  it('draws them from other seeds, from small pools and large', () => {
    const zero = new PythonRandom(0);
    expect(zero.sample(50, 25)).toEqual([
      ...[24, 48, 26, 2, 16, 32, 31, 25, 19, 30, 22, 37, 13, 44, 8, 18, 35, 6, 45, 29, 17, 39, 42, 41, 4],
    ]);
    expect(zero.sample(1_000_000, 3)).toEqual([325_213, 103_560, 765_284]);
    expect(new PythonRandom(4_294_967_295).sample(100_000, 4)).toEqual([83_277, 81_208, 26_633, 28_225]);
    expect(() => zero.sample(2, 3)).toThrow('internal: a sample of 3 from 2');
  });
});
