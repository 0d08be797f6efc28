/** The settings of `metrics` and `doctor`. */
import { text } from '../setting.js';
import { shared } from './shared.js';

export const metricsSettings = {
  metric: text({
    flag: 'ID',
    value: null,
    meaning: 'One definition, in full; without it, all of them.',
    expected: 'the id of a definition, such as rankme',
    shown: 'all',
  }),
  ...shared,
};

export const doctorSettings = { ...shared };
