/** The settings of `series`. */
import { flag, text, texts } from '../setting.js';
import { shared } from './shared.js';
import { traceSettings } from './trace.js';

const perStage = (option: string, value: string, meaning: string, expected: string) =>
  texts({ flag: option, value, meaning, expected, shown: 'none', optionOnly: true });

export const seriesSettings = {
  parts: texts({
    flag: 'STAGE=PLACE',
    value: null,
    meaning:
      'A stage and where its checkpoints lie: a folder of checkpoint folders, one checkpoint folder, a series.json, sample:, or a ' +
      'Hub id (org/name, or org/name@revision). Stages in order of training; one given twice is two runs (seeds). A PLACE alone keeps the ' +
      'stages that its names say.',
    expected: 'one or more, such as pretrain=EleutherAI/pythia-1b@step143000 sft=./sft-run',
  }),
  seriesOut: text({
    flag: '--out',
    value: 'FILE',
    meaning: 'The series.json that is written; its paths are relative to it.',
    expected: 'a path such as series.json',
    shown: 'none: nothing is written, the table shows what would be',
    optionOnly: true,
  }),
  overwrite: flag({ flag: '--force', meaning: 'Write over a file that is there.', optionOnly: true }),
  seriesTitle: text({
    flag: '--name',
    value: 'NAME',
    meaning: 'Name of the series, as records and charts call it.',
    expected: 'a name',
    shown: "the name of the file's folder",
    optionOnly: true,
  }),
  tokensPerStep: traceSettings.tokensPerStep,
  seriesTokenizer: text({
    flag: '--tokenizer',
    value: 'PATH',
    meaning: 'A folder with tokenizer.json, or the file: for checkpoints that have none of their own.',
    expected: 'a folder or a file',
    shown: 'none',
    optionOnly: true,
  }),
  epochs: perStage(
    '--epochs',
    'STAGE=N,N,…',
    "Steps at which a stage's epochs end: charts mark them.",
    'a stage and steps, such as sft=100,200',
  ),
  stepOf: perStage(
    '--step',
    'STAGE=N',
    "The step of a stage's one checkpoint, where neither its name nor its trainer_state.json says it.",
    'a stage and a step, such as dpo=1200',
  ),
  revisionsOf: perStage(
    '--revisions',
    'STAGE=WHICH',
    "Which of a stage's checkpoints, in the words of trace: log:24, every:10, 1000..20000, a glob, ….",
    'a stage and which, such as pretrain=log:24',
  ),
  parentOf: perStage(
    '--parent',
    'STAGE=REVISION',
    'What a stage was trained from, where that is not the last checkpoint of the stage before.',
    'a stage and a revision, such as sft=step143000',
  ),
  baseOf: perStage(
    '--base',
    'STAGE=FOLDER',
    "The base model of a stage's adapters (LoRA), where adapter_config.json names none on this machine.",
    'a stage and a folder, such as sft=./base',
  ),
  ...shared,
};
