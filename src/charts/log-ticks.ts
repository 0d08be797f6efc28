/** Ticks of a log axis: labelled at powers of ten, minor ones at 2 … 9 times them. */

export interface LogTicks {
  /** Powers of ten within the range, thinned where there are more than fit; 2 and 5 times them where one power or none is. */
  readonly major: readonly number[];
  readonly minor: readonly number[];
}

/** `most`: how many labels fit. */
export function logTicks(low: number, high: number, most: number): LogTicks {
  const within = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const powers: number[] = [];
  const minor: number[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    if (within(power(exponent))) powers.push(exponent);
    for (let times = 2; times < 10; times++) {
      const value = times * power(exponent);
      if (within(value)) minor.push(value);
    }
  }
  if (powers.length < 2) {
    const more = [1, 2, 5].flatMap((times) => range(first, last).map((e) => times * power(e))).filter(within);
    const major = more.sort((a, b) => a - b);
    return { major: thin(major, most), minor: minor.filter((value) => !major.includes(value)) };
  }
  const every = Math.max(1, Math.ceil(powers.length / Math.max(1, most)));
  const kept = powers.filter((exponent) => (exponent - powers[0]!) % every === 0);
  // Between thinned powers the powers themselves are the minor ticks.
  const between = every > 1 ? powers.filter((exponent) => !kept.includes(exponent)).map(power) : minor;
  return { major: kept.map(power), minor: between };
}

/** Exact where floating point allows: 10 ** -5 is not 1e-5 everywhere. */
function power(exponent: number): number {
  return Number(`1e${exponent}`);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function thin(values: number[], most: number): number[] {
  if (values.length <= Math.max(2, most)) return values;
  const every = Math.ceil(values.length / Math.max(2, most));
  return values.filter((_, i) => i % every === 0);
}
