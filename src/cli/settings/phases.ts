/** The settings of `phases`. */
import { flag, type Setting } from '../setting.js';
import { exportSettings } from './export.js';
import { shared } from './shared.js';

/** A number ≥ 0 from which a change counts. */
function threshold<T extends number | null>(
  words: { flag: string; meaning: string; shown: string },
  initial: T,
): Setting<number | T> {
  return {
    value: 'X',
    ...words,
    initial: () => initial,
    parse: (given) => (/^\d{1,9}(\.\d{1,15})?$/.test(given) ? Number(given) : undefined),
    wrong: 'is no threshold',
    expected: 'a number ≥ 0, such as 0.05',
    optionOnly: true,
  };
}

export const phasesSettings = {
  run: exportSettings.run,
  seriesName: exportSettings.seriesName,
  stage: {
    ...exportSettings.stage,
    meaning: 'The stage whose curve is read.',
    shown: 'pretrain, or the only one',
  },
  layer: exportSettings.layer,
  variant: exportSettings.variant,
  standardErrors: threshold<number>(
    {
      flag: '--standard-errors',
      meaning: 'A change counts from so many paired standard errors of it.',
      shown: '3',
    },
    3,
  ),
  change: threshold<number>(
    {
      flag: '--change',
      meaning: 'And from this size: 0.05 is 5 % of RankMe (a change of ln 1.05 of ln RankMe) and 0.05 of α.',
      shown: '0.05',
    },
    0.05,
  ),
  alphaChange: threshold({ flag: '--alpha-change', meaning: 'The same for α alone.', shown: 'as --change' }, null),
  ignoreScatter: flag({
    flag: '--ignore-scatter',
    meaning: "Let changes count that the checkpoints' own scatter about the curve (training noise) could make.",
    optionOnly: true,
  }),
  ...shared,
};
