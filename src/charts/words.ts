/** Numbers and names as a chart writes them: SI steps for tokens, real minus signs, a figure with its error. */

const steps = [
  [1e24, 'Y'],
  [1e21, 'Z'],
  [1e18, 'E'],
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** A count in SI steps, with at most `digits` significant digits and no trailing zeros: 512, 4.1k, 1.07B, 1T. */
export function si(count: number, digits = 3): string {
  if (count === 0) return '0';
  // Rounded first: 999,999 is 1M, never 1000k.
  const rounded = Number(count.toPrecision(digits));
  const step = steps.find(([size]) => Math.abs(rounded) >= size);
  if (step === undefined) return minus(String(Math.round(count * 1000) / 1000));
  // FLOPs beyond 10²⁷ have no name left.
  if (rounded / step[0] >= 1000) return `10${superscript(Math.round(Math.log10(rounded)))}`;
  return minus(`${Number((rounded / step[0]).toPrecision(digits))}${step[1]}`);
}

/** A number with a real minus sign and thousands apart. */
export function number(value: number, decimals: number): string {
  return minus(value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}

/** A value to three or so significant digits: for ticks and descriptions. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size < -4 || size > 6) {
    const [mantissa, exponent] = value.toExponential(1).split('e');
    return minus(`${Number(mantissa)}·10${superscript(Number(exponent))}`);
  }
  return number(value, Math.max(0, 2 - size));
}

/** A figure and its standard error, to two digits of the error: `101.3 ± 1.2`; without an error to four digits. */
export function withError(value: number, se: number | null | undefined): string {
  if (se === null || se === undefined || !(se > 0)) {
    const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
    return number(value, Math.min(6, Math.max(0, 3 - size)));
  }
  const decimals = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(se))));
  return `${number(value, decimals)} ± ${number(se, decimals)}`;
}

/** 10ⁿ, as ticks of a log axis write it. */
export function powerOfTen(exponent: number): string {
  if (exponent >= 0 && exponent <= 3) return (10 ** exponent).toLocaleString('en-US');
  if (exponent < 0 && exponent >= -2) return String(10 ** exponent);
  return `10${superscript(exponent)}`;
}

function superscript(exponent: number): string {
  return Array.from(String(exponent), (digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!)).join('');
}

function minus(text: string): string {
  return text.replace('-', '−');
}

const names: Readonly<Record<string, string>> = {
  rankme: 'RankMe',
  rankme_published: 'RankMe (published code)',
  rankme_extrapolated: 'RankMe extrapolated to N → ∞',
  rankme_singular: 'RankMe of singular values',
  rankme_over_d: 'RankMe / d',
  alpha: 'α',
  alpha_extrapolated: 'α extrapolated to N → ∞',
  alpha_1_10: 'α of ranks 1–10',
  alpha_10_100: 'α of ranks 10–100',
  alpha_100_1000: 'α of ranks 100–1000',
  r2: 'r²',
  r2_100: 'r² to rank 100',
  participation_ratio: 'Participation ratio',
  participation_ratio_unbiased: 'Participation ratio, unbiased',
  stable_rank: 'Stable rank',
  spectral_entropy: 'Spectral entropy',
  top1: 'Share of variance, top 1',
  top10: 'Share of variance, top 10',
  top50: 'Share of variance, top 50',
  top100: 'Share of variance, top 100',
  mean_norm: 'Mean norm',
  mean_cosine: 'Mean cosine',
  nll: 'NLL a token (nats)',
};

/** A figure's name as a reader knows it; others by their id. */
export function figureName(figure: string): string {
  return names[figure] ?? figure;
}

const stages: Readonly<Record<string, string>> = {
  pretrain: 'pretraining',
  midtrain: 'mid-training',
  sft: 'SFT',
  dpo: 'DPO',
  kto: 'KTO',
  ppo: 'PPO',
  grpo: 'GRPO',
  rl: 'RL',
  rlvr: 'RLVR',
};

export function stageName(stage: string): string {
  return stages[stage] ?? stage;
}
