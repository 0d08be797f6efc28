/** The settings of `audit`. */
import { flag, text, type Setting } from '../setting.js';
import { shared } from './shared.js';
import { traceSettings } from './trace.js';

const ignore: Setting<readonly string[]> = {
  flag: '--ignore',
  value: 'CODE,…',
  meaning: 'Leave out findings of these kinds, such as missing,no-tokenizer: what is known and accepted.',
  shown: 'none',
  initial: () => [],
  parse: (given) => (given === 'none' ? [] : given.split(',').map((code) => code.trim())),
  wrong: 'is not a list of findings',
  expected: 'codes of findings with commas between, or none',
  optionOnly: true,
};

export const auditSettings = {
  series: traceSettings.series,
  schedule: text({
    flag: '--schedule',
    value: 'FILE|pythia|none',
    meaning:
      'The revisions there should be: a file with one name or step a line (or CSV with a column Step, as OLMo lists its ' +
      'checkpoints), or pythia. none looks for no gaps.',
    expected: 'a file, pythia or none',
    shown: 'what most revisions follow, where that is clear',
    optionOnly: true,
  }),
  tokensPerStep: traceSettings.tokensPerStep,
  ignore,
  members: flag({
    flag: '--members',
    meaning: 'Name every revision of every finding, not the first few.',
    optionOnly: true,
  }),
  ...shared,
};
