/** How far the model's likelihoods follow the n-grams of its training data, and what of it is more than length. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import {
  agreementBars,
  likelihoods,
  memorizationChart,
  passageChart,
  suffixLengths,
  type Frame,
} from '../../../src/charts/index.js';
import { count, withError, type MemorizationStory } from '../../../src/story/index.js';
import { Chart } from '../charts/chart.js';
import { besideCursor, CheckpointPick } from '../controls/checkpoint-pick.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { useAtCursor } from '../state/at-cursor.js';
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
    : `Token by token against ${memorization.index}, over tokens that it holds possible (p∞ > 0); and whether greedy decoding reproduces what comes next.`;
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
      <Chart
        of={[memorization]}
        name="memorization"
        draw={(frame: Frame) => memorizationChart({ ...input(), ...across.value }, frame)}
      />
      {isQuestions ? (
        <Chart of={[memorization]} name="likelihoods" draw={(frame: Frame) => likelihoods(input(), frame)} />
      ) : null}
      {isQuestions ? null : <Passages memorization={memorization} />}
      <Chart
        of={[memorization]}
        name="suffix-lengths"
        draw={(frame: Frame) => suffixLengths({ memorization }, frame)}
      />
    </Section>
  );
}

/** The gap and extraction over training, and at one checkpoint by what was found and by position. */
function Passages({ memorization }: { memorization: MemorizationStory }): JSX.Element {
  const [at, choose] = useAtCursor(memorization.points);
  const point = memorization.points[at]!;
  const over = (metric: 'gap' | 'extractable') => (frame: Frame) =>
    passageChart({ series: focus.value!, memorization, metric, ...across.value }, frame);
  const bars = (by: 'suffix' | 'position') => (frame: Frame) => agreementBars({ memorization, by, point: at }, frame);
  return (
    <>
      <div class="pair">
        <Chart of={[memorization]} name="gap" draw={over('gap')} />
        <Chart of={[memorization]} name="extraction" draw={over('extractable')} />
      </div>
      <div class="at">
        <h3>At {point.revision}</h3>
        <CheckpointPick points={memorization.points} at={at} onChange={choose} />
      </div>
      <p class="note">
        {extractionWords(memorization, at)}
        {besideCursor(point)}
      </p>
      <div class="pair">
        <Chart of={[memorization, at]} name="gap-by-suffix" kind="still" draw={bars('suffix')} />
        <Chart of={[memorization, at]} name="gap-by-position" kind="still" draw={bars('position')} />
      </div>
    </>
  );
}

/** How many windows are reproduced; of none the share that can't be ruled out. */
function extractionWords({ windows, values, errors }: MemorizationStory, at: number): string {
  const value = values['extractable']?.[at] ?? null;
  if (windows === null || value === null) return 'No passage is long enough to tell whether it is reproduced.';
  const { promptTokens, extractTokens } = windows;
  const of = `${count(windows.count, 'window')}: after ${promptTokens} tokens the next ${extractTokens}, greedily`;
  if (value === 0) {
    const most = 100 * (1 - 0.05 ** (1 / windows.count));
    return `Extraction: none of ${of} (at most ${most.toFixed(most < 1 ? 2 : 1)} % at 95 %).`;
  }
  const se = errors['extractable']?.[at] ?? null;
  return `Extraction: ${withError(100 * value, se === null ? null : 100 * se)} % of ${of}.`;
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
