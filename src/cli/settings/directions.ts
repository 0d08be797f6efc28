/** The settings of `directions`. */
import { whole } from '../setting.js';
import { representSettings } from './represent.js';
import { sampling } from './sampling.js';
import { force, memory, shared, threads } from './shared.js';
import { traceSettings } from './trace.js';

const { series, corpus, out, revisions, tokensPerStep } = traceSettings;
const { layers: _, ...sampled } = sampling;

export const directionsSettings = {
  series,
  corpus: {
    ...corpus,
    meaning:
      "The text whose final states give the directions, and whose passages are shown. sample: is the bundled passages; trace's other kinds too.",
  },
  ids: representSettings.ids,
  out: {
    ...out,
    meaning: 'The folder of the run: made, or gone on with. Without it what is found is printed and not kept.',
    shown: 'none',
  },
  topDirections: whole({ flag: '--top', noun: 'a number of directions', meaning: 'How many directions.' }, 1, () => 5),
  endPassages: whole(
    { flag: '--passages', noun: 'a number of passages', meaning: 'Passages shown at each end of a direction.' },
    0,
    () => 3,
  ),
  endPassageTokens: whole(
    { flag: '--passage-tokens', noun: 'a number of tokens', meaning: 'Tokens of a passage shown, up to its state.' },
    1,
    () => 24,
  ),
  endTokens: whole(
    { flag: '--tokens', noun: 'a number of tokens', meaning: 'Tokens of the unembedding shown at each end.' },
    0,
    () => 8,
  ),
  endCoordinates: whole(
    { flag: '--coordinates', noun: 'a number of coordinates', meaning: 'Coordinates shown that carry a direction.' },
    1,
    () => 4,
  ),
  ...sampled,
  revisions,
  tokensPerStep,
  memory,
  threads,
  force,
  ...shared,
};
