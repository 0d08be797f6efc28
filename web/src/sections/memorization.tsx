/** How far the model's likelihoods follow the n-grams of its training data, and what of it is more than length. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { likelihoods, memorizationChart, suffixLengths, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { across, focus } from '../state/store.js';

const handlings = [
  { value: 'strict', text: 'rank lowest (strict)' },
  { value: 'published', text: 'are skipped (published)' },
] as const;

export function Memorization(): JSX.Element | null {
  const chosen = useSignal<string | null>(null);
  const zeros = useSignal<'strict' | 'published'>('strict');
  const all = focus.value?.memorization ?? [];
  const memorization = all.find(({ name }) => name === chosen.value) ?? all[0];
  if (!memorization) return null;
  const isQuestions = memorization.what === 'questions';
  const input = () => ({ series: focus.value!, memorization, zeros: zeros.value });
  const said = memorization.conclusion?.[zeros.value];
  const lead = isQuestions
    ? `${said === undefined ? '' : `${capital(said)}. `}Both likelihoods are products over an answer's tokens: ρ alone may be length.`
    : `Token by token against ${memorization.index}, and the share of windows reproduced word for word.`;
  return (
    <Section
      name="memorization"
      title="Memorization"
      lead={lead}
      controls={
        <>
          {all.length > 1 ? (
            <Pick
              label="Of"
              options={all.map(({ name }) => ({ value: name, text: name }))}
              value={memorization.name}
              onChange={(value) => (chosen.value = value)}
            />
          ) : null}
          {isQuestions ? (
            <Pick
              label="Probabilities of 0"
              options={handlings}
              value={zeros.value}
              onChange={(value) => (zeros.value = value === 'published' ? value : 'strict')}
            />
          ) : null}
        </>
      }
    >
      <Chart name="memorization" draw={(frame: Frame) => memorizationChart({ ...input(), ...across.value }, frame)} />
      {isQuestions ? <Chart name="likelihoods" draw={(frame: Frame) => likelihoods(input(), frame)} /> : null}
      <Chart name="suffix-lengths" draw={(frame: Frame) => suffixLengths({ memorization }, frame)} />
    </Section>
  );
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
