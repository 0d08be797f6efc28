/** Names and numbers as a chart writes them; figures with errors are `withError`'s of the story. */
import { minus, scaled } from '../story/format.js';

/** A tick's count in SI steps without trailing zeros: 512, 4.1k, 1B, 20T. */
export function tickCount(count: number): string {
  return scaled(count, 1000, ['', 'k', 'M', 'B', 'T', 'P'], 3).replace(/\.?0+(?=[kMBTP]$)/, (zeros) =>
    zeros.startsWith('.') ? '' : zeros,
  );
}

/** A value to three significant digits: for ticks and descriptions. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size < -4 || size > 6) {
    const [mantissa, exponent] = value.toExponential(1).split('e');
    return minus(`${Number(mantissa)}·10${superscript(Number(exponent))}`);
  }
  return number(value, Math.max(0, 2 - size));
}

/** A number with a real minus sign and thousands apart. */
export function number(value: number, decimals: number): string {
  return minus(formatOf(decimals).format(value));
}

/** Making a format takes a hundred times as long as using it, and a slider draws a hundred numbers at every move. */
const formats = new Map<number, Intl.NumberFormat>();

function formatOf(decimals: number): Intl.NumberFormat {
  const known = formats.get(decimals);
  if (known) return known;
  const made = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  formats.set(decimals, made);
  return made;
}

/** 10ⁿ, as ticks of a log axis write it; other values by `short`. */
export function powerText(value: number): string {
  const size = Math.log10(value);
  const exponent = Math.round(size);
  if (Math.abs(size - exponent) > 1e-9)
    return short(value)
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '');
  if (exponent >= 0 && exponent <= 3) return (10 ** exponent).toLocaleString('en-US');
  if (exponent < 0 && exponent >= -2) return String(10 ** exponent);
  return `10${superscript(exponent)}`;
}

function superscript(exponent: number): string {
  return Array.from(String(exponent), (digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!)).join('');
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
