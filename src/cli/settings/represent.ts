/** The settings of `represent` and `inspect`, which take one checkpoint. */
import { flag, text } from '../setting.js';
import { sampling } from './sampling.js';
import { memory, precision, shared, threads } from './shared.js';
import { traceSettings } from './trace.js';

export const representSettings = {
  checkpoint: text({
    flag: 'CHECKPOINT',
    value: null,
    meaning:
      'A checkpoint folder (config.json and tokenizer.json with safetensors or .bin; a LoRA adapter), a .gguf file, org/name@revision on the Hub, or sample:step6000 (one of the bundled series).',
    expected: 'a checkpoint folder, a .gguf file, org/name@revision, or sample:step6000',
  }),
  corpus: traceSettings.corpus,
  ids: text({
    flag: '--ids',
    value: 'FILE',
    meaning:
      'Token ids in place of a corpus, one JSON array a line, used as they are: no tokenizer, no filter, no special tokens.',
    expected: 'a file',
    shown: 'none',
  }),
  representOut: text({
    flag: '--out',
    value: 'FILE',
    meaning: '.safetensors (tensors final or layer<k>, and lengths), or .npy for one layer.',
    expected: 'a file ending in .safetensors or .npy',
  }),
  ...sampling,
  precision,
  memory,
  threads,
  ...shared,
};

export const inspectSettings = {
  checkpoint: representSettings.checkpoint,
  tensors: flag({ flag: '--tensors', meaning: 'Every tensor on a line of its own.', optionOnly: true }),
  ...shared,
};
