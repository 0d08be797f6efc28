/** The catalogue of `eigentrace metrics`: what every figure of a layer means. Formulas use λ₁ ≥ … ≥ λ_d of Σ = FᵀF/N, F centred. */
import { alphaDefinition, type Ranks } from './alpha.js';

/** Raised whenever a figure's meaning or rounding changes: it is part of a measurement's key. */
export const definitionsVersion = '1';

export interface Definition {
  /** Name of the figure in records and tables, or the id of a variant. */
  id: string;
  name: string;
  formula: string;
  /** Where it comes from. */
  source: string;
  inputs: readonly string[];
  unit: string;
  range: string;
  notes: string;
}

const paper = 'arXiv 2509.23024';
const eigenvalues = ['eigenvalues of the centred covariance'];
const replicates = ['eigenvalues without each of K groups of rows'];

const define = (
  id: string,
  name: string,
  formula: string,
  source: string,
  inputs: readonly string[],
  range: string,
  notes = '',
  unit = '1',
): Definition => ({ id, name, formula, source, inputs, unit, range, notes });

export const definitions: readonly Definition[] = [
  define(
    'rankme',
    'RankMe, effective rank',
    'exp(−Σ pᵢ ln pᵢ), pᵢ = λᵢ/Σλ, 0·ln 0 = 0',
    `${paper} §2 (eigenvalues, not singular values; no ε); Roy & Vetterli 2007`,
    eigenvalues,
    '[1, min(N−1, d)]',
    'λᵢ counts as 0 beyond min(N−1, d) and up to (4·2⁻²⁴)² · mean squared row norm. Reads low when N is small.',
  ),
  define(
    'rankme_se',
    'standard error of RankMe',
    'SE² = (K−1)/K · Σ (θ₍ₖ₎ − θ̄)², θ₍ₖ₎ without group k, K = 10',
    'delete-a-group jackknife',
    replicates,
    '≥ 0',
    "Intervals by Student's t with K−1 degrees of freedom; too narrow with heavy tails.",
  ),
  define(
    'rankme_extrapolated',
    'RankMe at N → ∞',
    '2θ_N − (θ_even + θ_odd)/2, of the even and the odd groups',
    'Richardson extrapolation in 1/N',
    ['eigenvalues of all rows and of two halves'],
    'real',
    'Never instead of rankme. Removes most of the bias from N = 2d on, half of it at N = d.',
  ),
  define(
    'rankme_deviation_max',
    'largest deviation of a replicate of RankMe',
    'max |θ₍ₖ₎ − θ̄|',
    'delete-a-group jackknife',
    replicates,
    '≥ 0',
    'A group with over half of SE² sets the flag few-rows-dominate.',
  ),
  define(
    'rankme_published',
    'RankMe as the published code computes it (definition rankme.published)',
    'exp(−Σ qᵢ ln qᵢ), qᵢ = pᵢ + 1e-7 over the first min(N, d, 2048) eigenvalues, p renormalised, q not',
    `${paper}, published code`,
    eigenvalues,
    '> 0',
    'A flat spectrum of 2048 gives 2050.78.',
  ),
  define(
    'rankme_singular',
    'RankMe of singular values (definition rankme.singular)',
    'exp(−Σ qᵢ ln qᵢ), qᵢ = σᵢ/Σσ + 1e-7, σ the singular values of the uncentred F',
    'Garrido et al. 2023, arXiv 2210.02885',
    ['eigenvalues of the uncentred second moment'],
    '> 0',
    'Another number under the same name: 774 where rankme is 171 on λ ∝ 1/k, and it depends on the mean.',
  ),
  define(
    'alpha',
    'α-ReQ, decay of the eigenspectrum',
    'slope of ln λᵢ on −ln i over ranks 12..100, weights 1/i',
    `${paper} §2; Stringer et al. 2019; Agrawal et al. 2022`,
    eigenvalues,
    'real',
    'Needs as many positive eigenvalues as its last rank. Another range is part of the id: alpha[11-100]. White noise at N ≈ d fits about 0.15 with a poor R².',
  ),
  define('alpha_se', 'standard error of α', 'as rankme_se', 'delete-a-group jackknife', replicates, '≥ 0'),
  define(
    'alpha_extrapolated',
    'α at N → ∞',
    'as rankme_extrapolated',
    'Richardson extrapolation in 1/N',
    ['eigenvalues of all rows and of two halves'],
    'real',
    'Only for d ≥ 1000: below, it makes pure power laws worse.',
  ),
  define(
    'alpha_deviation_max',
    'largest deviation of a replicate of α',
    'max |θ₍ₖ₎ − θ̄|',
    'delete-a-group jackknife',
    replicates,
    '≥ 0',
  ),
  define(
    'r2',
    'R² of the power law',
    'R² of the α fit on ln λ over ranks 13..500, or 13..len−10 for len = min(N, d, 2048) < 512',
    `${paper}, published code`,
    eigenvalues,
    '≤ 1',
    'Starts one rank after the fit. A flat spectrum has none (0/0).',
  ),
  define('r2_100', 'R² up to rank 100', 'R² of the α fit on ln λ over ranks 13..100', paper, eigenvalues, '≤ 1'),
  define(
    'participation_ratio',
    'participation ratio',
    '(Σλ)² / Σλ²',
    'Gao et al. 2017',
    eigenvalues,
    '[1, min(N−1, d)]',
    'Dominated by the largest eigenvalues.',
  ),
  define(
    'participation_ratio_se',
    'standard error of the participation ratio',
    'as rankme_se',
    'delete-a-group jackknife',
    replicates,
    '≥ 0',
  ),
  define(
    'participation_ratio_unbiased',
    'participation ratio without small-sample bias',
    '(2t₂ + (N²−3N+1)t₁² − NQ) / ((N−1)(N−2)t₂ + t₁² − NQ), t₁ = tr S, t₂ = tr S², Q = Σ‖x−x̄‖⁴/(N−1), S with divisor N−1',
    'Himeno & Yamada 2014',
    ['eigenvalues of the centred covariance', 'Σ‖x−x̄‖⁴'],
    '> 0',
    'For any distribution with fourth moments; null where the denominator is not positive.',
  ),
  define('stable_rank', 'stable rank', 'Σλ / λ₁', 'Rudelson & Vershynin 2007', eigenvalues, '[1, min(N−1, d)]'),
  define('spectral_entropy', 'spectral entropy', 'ln RankMe', paper, eigenvalues, '[0, ln min(N−1, d)]', '', 'nats'),
  define('rankme_over_d', 'RankMe a dimension', 'RankMe / d', paper, eigenvalues, '(0, 1]'),
  ...[1, 10, 50, 100].map((k) =>
    define(`top${k}`, `share of variance of the top ${k}`, `Σ_{i≤${k}} λᵢ / Σλ`, paper, eigenvalues, '(0, 1]'),
  ),
  ...['1..10', '10..100', '100..1000'].map((band) =>
    define(
      `alpha_${band.replace('..', '_')}`,
      `α of ranks ${band}`,
      `slope of ln λᵢ on −ln i over ranks ${band}, weights 1/i`,
      'definitions of this project',
      eigenvalues,
      'real',
      'Null unless all ranks of the band are positive.',
    ),
  ),
  define('mean_norm', 'norm of the mean vector', '‖x̄‖', 'definitions of this project', ['rows'], '≥ 0', 'Anisotropy.'),
  define('mean_row_norm', 'mean norm of the rows', 'Σ‖x‖/N', 'definitions of this project', ['rows'], '≥ 0'),
  define(
    'mean_cosine',
    'mean cosine between rows',
    'mean of cos(xᵢ, xⱼ) over pairs i < j, uncentred',
    'Ethayarajh 2019 (anisotropy)',
    ['rows'],
    '[−1/(N−1), 1]',
  ),
  define(
    'top1pct_variance',
    'share of variance of few rows',
    'Σ‖x−x̄‖² of the ⌈N/100⌉ rows that deviate most, over that of all',
    'definitions of this project',
    ['rows'],
    '(0, 1]',
    'Heavy tails make errors optimistic. Not known for position all.',
  ),
  define(
    'rankme[l2]',
    'RankMe of unit rows (variant)',
    'rankme of rows x/‖x‖',
    'definitions of this project',
    ['rows'],
    '[1, min(N−1, d)]',
    'Off by default.',
  ),
  define(
    'rankme[uncentred]',
    'RankMe without centring (variant)',
    'rankme of the eigenvalues of FᵀF/N, F not centred',
    'definitions of this project',
    ['eigenvalues of the uncentred second moment'],
    '[1, min(N, d)]',
    'Off by default.',
  ),
  define(
    'rankme[-k]',
    'RankMe without the top k (variant)',
    'rankme of λ_{k+1} … λ_d',
    'definitions of this project',
    eigenvalues,
    '[1, min(N−1, d)−k]',
    'Off by default; k a number, as in rankme[-1].',
  ),
];

/** Ids of the definitions behind a measurement: RankMe's and α's first, then those with ids of their own. */
export function definitionIds(alphaRange: Ranks, variants: readonly string[] = []): string[] {
  return ['rankme', alphaDefinition(alphaRange), 'rankme.published', 'rankme.singular', ...variants];
}
