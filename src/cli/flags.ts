/** What the flags of a measurement mean, for the lines below the table (definitions §4, §6). */

const meanings: Record<string, string> = {
  'small-sample': 'N < 2d: RankMe and α are biased low; participation_ratio_unbiased is not (definitions §6)',
  biased: 'extrapolated to endless N, RankMe would be more than 5 % away',
  'few-rows-dominate': 'one group of rows makes over half of SE²: its intervals are optimistic',
  'non-finite': 'some rows held NaN or infinity and were left out',
  'non-finite-rows': 'some rows held NaN or infinity and were left out',
  'short-corpus': 'the corpus gave fewer sequences than asked for',
  'few-sequences': 'the corpus gave fewer sequences than asked for',
  'few-eigenvalues': 'fewer than 100 positive eigenvalues: α is not fitted (definitions §4)',
  'flat-spectrum': 'a flat spectrum has no R² (0/0)',
  'no-errors': 'standard errors were not asked for, or N is too small for them',
};

/** The meaning of a flag, `code` or `code:detail`, or null for one that is not known here. */
export function meaningOf(flag: string): string | null {
  const [code, ...detail] = flag.split(':');
  const meaning = meanings[code ?? ''];
  if (meaning === undefined) return detail.length > 0 ? detail.join(':').trim() : null;
  return meaning;
}

/** The part of a flag that stands in the table. */
export function codeOf(flag: string): string {
  return flag.split(':')[0] ?? flag;
}
