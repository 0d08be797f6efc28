/** The settings of `report` and `serve`, which show runs. */
import { flag, text, textOr, texts, whole } from '../setting.js';
import { shared } from './shared.js';

/** Of whatever shows runs: which, and what stands beside their curves. */
export const shown = {
  runs: texts({
    flag: 'RUN',
    value: null,
    meaning: 'Folders of runs, one or several.',
    expected: 'the folder of a run that trace wrote',
  }),
  evaluations: texts({
    flag: '--evaluations',
    value: 'PATH',
    meaning:
      'Results of lm-evaluation-harness to draw beside the curves: a file, a folder or a glob; may be given again.',
    expected: 'a file, a folder or a glob',
    shown: 'none',
    optionOnly: true,
  }),
  logs: texts({
    flag: '--log',
    value: 'FILE',
    meaning:
      "A training's log to draw above the curves: trainer_state.json, or a CSV with a column step; STAGE=FILE says whose; may be given again.",
    expected: 'a trainer_state.json or a .csv file, or STAGE=FILE',
    shown: 'none',
    optionOnly: true,
  }),
};

export const reportSettings = {
  ...shown,
  reportOut: textOr(
    { flag: '--out', value: 'FILE', meaning: 'The file written.', expected: 'a file ending in .html' },
    'report.html',
    (given) => /\.html?$/i.test(given),
  ),
  title: text({
    flag: '--title',
    value: 'TEXT',
    meaning: "The report's title.",
    expected: 'a title',
    shown: 'the names of its series',
    optionOnly: true,
  }),
  ...shared,
};

export const serveSettings = {
  ...shown,
  port: whole(
    {
      flag: '--port',
      noun: 'a port',
      meaning: 'Port to listen on; 0 takes any free one.',
      shown: '6116, or any free one where that is taken',
    },
    0,
    () => 6116,
  ),
  host: textOr(
    {
      flag: '--host',
      value: 'HOST',
      meaning: 'Address to listen on. Any but this machine alone (127.0.0.1) needs --token.',
      expected: 'an address or a name of this machine',
    },
    '127.0.0.1',
  ),
  token: text({
    flag: '--token',
    value: 'TOKEN',
    meaning: 'What a reader must know, 16 characters or more: it stands in the address that is printed.',
    expected: 'a token of 16 characters or more',
    shown: 'none',
    secret: true,
  }),
  open: flag({ flag: '--open', meaning: 'Open the page in the browser.', optionOnly: true }),
  ...shared,
};
