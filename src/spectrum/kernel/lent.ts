/**
 * The covariance by a product that the host lends (`StartThread`): a native one has vectors two to four times as wide as
 * WebAssembly's. Strips of columns are taken in turn, each summed by one thread in calls whose sizes depend on the matrix
 * alone, so no bit depends on the number of threads.
 */

/** Columns of a strip: at 2048 columns an eighth more operations than the triangle has, in calls of some ten milliseconds. */
export const lentStrip = 256;

/**
 * Runs in each thread, `(memory, lend) => operations`: `lend` is 1 where there is a product, and `lentCovariance` adds
 * the covariance of `count` rows that `transpose` packed. Each thread copies them to its own memory: native code takes no
 * shared one.
 */
export const lentSource = `(memory, lend) => {
  let product = null, own = new Float64Array(0), sums = new Float64Array(0);
  return {
    lend: async () => {
      product ??= lend ? await lend() : null;
      return product ? 1 : 0;
    },
    lentCovariance: async (_tid, _threads, n, ld, count, packed, slot, strip, counter) => {
      const { buffer } = memory, turn = new Int32Array(buffer, counter, 1);
      if (own.length < n * count) own = new Float64Array(n * count);
      if (sums.length < n * Math.min(n, strip)) sums = new Float64Array(n * Math.min(n, strip));
      own.set(new Float64Array(buffer, packed, n * count));
      const end = n * count;
      for (let j0; (j0 = strip * Atomics.add(turn, 0, 1)) < n; ) {
        const width = Math.min(strip, n - j0), height = n - j0;
        const sum = sums.subarray(0, width * height);
        await product(own.subarray(j0 * count, (j0 + width) * count), own.subarray(j0 * count, end), sum, width, height, count);
        for (let j = 0; j < width; j++) {
          const column = new Float64Array(buffer, slot + 8 * (j0 + j) * (ld + 1), height - j), from = j * height + j;
          for (let i = 0; i < column.length; i++) column[i] += sum[from + i];
        }
      }
      return 0;
    },
  };
}`;
