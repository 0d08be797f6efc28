/** The settings of `demo`. */
import { textOr } from '../setting.js';
import { force, shared, threads } from './shared.js';

export const demoSettings = {
  demoOut: textOr(
    { flag: '--out', value: 'DIR', meaning: 'The folder of the run.', expected: 'a folder' },
    './eigentrace-demo',
  ),
  threads,
  force,
  ...shared,
};
