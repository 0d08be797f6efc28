/** Rows that were kept (`--save-features`): every spectrum and sum computed from them again, and held against the stored ones. */
import { readSafetensorsTensor, type FileSource, type SafetensorsRange } from '../bytes/index.js';
import { measureRows, type Kernel, type Ranks } from '../spectrum/index.js';
import type { Measurement } from './measurement.js';

/** What a recomputation from rows needs. */
export interface Deep {
  readonly kernel: Kernel;
  readonly signal?: AbortSignal | undefined;
}

/** Relative to the array's largest value; kernels with and without fused multiply-adds differ by about 1e-14. */
const tolerance = 1e-9;

/** Arrays that the rows don't give, in words. Reads a few MiB of rows at a time. */
export async function deepProblems(
  measurement: Measurement,
  layer: string,
  arrays: Readonly<Record<string, Float64Array>>,
  source: FileSource,
  range: SafetensorsRange,
  { kernel, signal }: Deep,
): Promise<string[]> {
  const [n = 0, d = 0] = range.shape;
  if (range.dtype !== 'F32' || range.shape.length !== 2) {
    return [`rows are ${range.dtype} of shape [${range.shape.join(', ')}] (expected F32, two dimensions)`];
  }
  const { keyParts, definitions } = measurement;
  const name = `features.${layer}`;
  const found = await measureRows(
    {
      n,
      d,
      async read(start, end) {
        const part = {
          ...range,
          shape: [end - start, d],
          start: range.start + start * d * 4,
          end: range.start + end * d * 4,
        };
        return (await readSafetensorsTensor(source, name, part)).data as Float32Array;
      },
    },
    {
      kernel,
      ...(signal ? { signal } : {}),
      alphaRange: keyParts['alphaRange'] as Ranks,
      errors: keyParts['errors'] === 'none' ? 'none' : 'jackknife',
      variants: definitions.ids.filter((id) => id.startsWith('rankme[')),
    },
  );
  return Object.entries(found.arrays).flatMap(([array, expected]) => {
    const got = arrays[array];
    if (got?.length !== expected.length)
      return [`${array} has ${got?.length ?? 'no'} values (from the rows: ${expected.length})`];
    // Sums are of different kinds: each is held against itself.
    const largest = array === 'sums' ? 0 : expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const at = got.findIndex(
      (x, i) => !(Math.abs(x - expected[i]!) <= tolerance * Math.max(largest, Math.abs(expected[i]!))),
    );
    return at < 0 ? [] : [`${array} is ${got[at]} at ${at + 1} (from the rows: ${expected[at]})`];
  });
}
