/** Views as URL parameters and back. */
import { expect, it } from 'vitest';
import { defaultView, viewFromParameters, viewToParameters, type View } from '../../web/src/state/view.js';

const view: View = {
  ...{ focus: '1/pythia-14m', shown: ['1/pythia-14m', '2/a & b'], layer: '3', figure: 'nll', axis: 'compute' },
  ...{ zoom: [580911104, 24639438848], at: 'pretrain/step512', pinned: 'sft/sft-step20' },
};

it('writes what is unusual and reads it again', () => {
  expect(viewToParameters(defaultView).toString()).toBe('');
  const text = viewToParameters(view).toString();
  expect(viewFromParameters(new URLSearchParams(text))).toEqual(view);
  expect(text).toContain('zoom=580911104..24639438848');
  // Nothing shown is a choice, too.
  const none = viewFromParameters(viewToParameters({ ...view, shown: [] }));
  expect(none.shown).toEqual([]);
});

it.each(['axis=furlongs', 'zoom=', 'zoom=1', 'zoom=2..1', 'zoom=a..b', 'zoom=1..2..3', 'zoom=1..Infinity', 'x=y'])(
  'takes %s for nothing',
  (text) => {
    expect(viewFromParameters(new URLSearchParams(text))).toEqual(defaultView);
  },
);
