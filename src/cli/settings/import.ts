/** The settings of `import`. */
import { text, textOr } from '../setting.js';
import { shared } from './shared.js';
import { traceSettings } from './trace.js';

export const importSettings = {
  importFile: text({
    flag: 'FILE',
    value: null,
    meaning: "The published code's results.",
    expected: 'a .npy file, as np.save writes a dict',
  }),
  out: traceSettings.out,
  importSeries: text({
    flag: '--name',
    value: 'NAME',
    meaning: 'Name of the series in the run.',
    expected: 'a name',
    shown: "the file's, without results_ and .npy",
  }),
  importStage: textOr(
    {
      flag: '--stage',
      value: 'NAME',
      meaning: 'Stage of its checkpoints.',
      expected: 'a name',
    },
    'pretrain',
  ),
  ...shared,
};
