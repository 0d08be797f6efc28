/** What the flags of a measurement mean, in general, for the lines below the table; its JSON has them with numbers. */

const meanings: Readonly<Record<string, string>> = {
  'small-sample': 'N < 2d: RankMe and α are biased low; participation_ratio_unbiased is not (definitions §6)',
  biased: 'extrapolated to endless N, RankMe would be more than 5 % away',
  'few-rows-dominate': 'one group of rows makes over half of SE²: its intervals are optimistic',
  'not-finite': 'some rows held NaN or infinity and were left out',
  'no-rows': 'no row was finite',
  'no-variance': 'all rows are the same: there is no spectrum',
  'alpha-absent': 'α could not be fitted',
  'corpus-small': 'the corpus gave fewer sequences than were asked for',
  'beyond-positions': 'some sequences are longer than the positions that the model was trained for',
  'nll-not-finite': 'some sequences have a likelihood that is not finite',
  'tokens-not-kept': 'token ids could not be cached: the next run tokenizes again',
  'identical-weights': 'the weights are, byte for byte, those of another step: the figures belong to that one',
  'foreign-shard': 'one of its weight files is, byte for byte, a file of another step',
  'step-mismatch': 'the name says another step than trainer_state.json',
  'same-step': 'another revision of this step has other weights',
  'tokens-mismatch': "the tokens in the name don't fit its step",
  'config-differs': 'its config differs from those of its neighbours',
  'tokenizer-differs': 'its tokenizer differs from those of its neighbours',
  'dtype-differs': 'its weights are stored in another dtype than those of its neighbours',
  'tensors-differ': 'its tensors have other names or shapes than those of its neighbours',
  unfinished: 'beside its weights lie files of a download or a save that was cut off',
  'reduced-precision': 'products were computed in int8, not float32: its JSON says how far the states moved',
  note: "something about the checkpoint's files: its JSON says what",
};

/** The meaning of a flag, or null for one that is not known here. */
export function meaningOf(code: string): string | null {
  return Object.hasOwn(meanings, code) ? (meanings[code] ?? null) : null;
}
