/**
 * Numbers as text, for terminals and pages alike: tokens in SI steps (4.10k, 1.07B), times, a figure with its error.
 * How many digits a figure shows is its error's to say: two of the error where it begins with 10 to 35, else one
 * (the Particle Data Group's rule), and as many decimals of the figure.
 */

/** A count with `digits` significant digits and an SI name: 0, 512, 4.10k, 24.6M, 1.07B, 3.90T. */
export function si(count: number, digits = 3): string {
  return scaled(count, 1000, ['', 'k', 'M', 'B', 'T'], digits);
}

/** `value` in steps of `base`, each by its name. */
export function scaled(count: number, base: number, names: readonly string[], digits: number): string {
  let value = count;
  let step = 0;
  // Rounded first: 999,999 is 1.00M, never 1000k.
  while (step < names.length - 1 && Math.max(value, Number(value.toPrecision(digits))) >= base) {
    value /= base;
    step++;
  }
  const name = names[step]!;
  if (step === 0) return `${Math.round(value)}${name}`;
  return `${value.toFixed(decimalsFor(value, digits))}${name}`;
}

/** Decimals that leave `digits` significant digits after rounding. */
function decimalsFor(value: number, digits: number): number {
  const rounded = Number(value.toPrecision(digits));
  return Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
}

/** Seconds as `0:14`, `3:12`, `1:02:03`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const s = String(total % 60).padStart(2, '0');
  const m = Math.floor(total / 60) % 60;
  const h = Math.floor(total / 3600);
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** A standard error beside its figure, the leading zero left out: `±1.2`, `±.02`, `<.0001` where it rounds to nothing. */
export function plusMinus(error: number | null | undefined, decimals: number): string {
  if (error === null || error === undefined) return '';
  const text = error.toFixed(decimals);
  if (error > 0 && Number(text) === 0) return `<${(10 ** -decimals).toFixed(decimals).slice(1)}`;
  return `±${decimals > 0 && text.startsWith('0.') ? text.slice(1) : text}`;
}

/** A figure with its error, `11.5 ± .5`, `63.4 ± 1.1`, `803 ± 9`; four significant digits where there is none. */
export function withError(value: number, error: number | null | undefined): string {
  if (error === null || error === undefined || !(error > 0)) return minus(plain(value));
  const decimals = errorDecimals(error);
  return `${minus(value.toFixed(Math.max(0, decimals)))} ± ${bare(error, decimals)}`;
}

/** A difference with its error and its sign: `+0.33 ± .05`, `−0.004 ± .001`. */
export function signed(value: number, error: number | null | undefined): string {
  const text = withError(value, error);
  return text.startsWith('−') ? text : `+${text}`;
}

/** Decimals that show an error with one digit, or two where it begins with 10 to 35. */
function errorDecimals(error: number): number {
  const size = Math.floor(Math.log10(error));
  const lead = error / 10 ** size;
  return lead < 3.55 ? 1 - size : lead < 9.5 ? -size : 1 - size - 1;
}

/** An error at so many decimals, without the zero before its point; past 10 it is rounded to whole numbers. */
function bare(error: number, decimals: number): string {
  const text = error.toFixed(Math.max(0, decimals));
  return text.startsWith('0.') ? text.slice(1) : text;
}

/** Four significant digits, without an exponent. */
function plain(value: number): string {
  if (value === 0) return '0';
  return value.toFixed(Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))))));
}

/** With a real minus sign; what rounds to zero has none. */
export function minus(text: string): string {
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** Rounded to so many percent: `12 %`. */
export function percent(share: number): string {
  return `${minus((100 * share).toFixed(Math.abs(share) < 0.0995 ? 1 : 0))} %`;
}

/** `1 checkpoint`, `2 checkpoints`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}
