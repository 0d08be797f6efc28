/** The reports that tests of the page open, and how they read what it shows. */
import { expect } from 'vitest';
import { downloaded, reportFile, type Watched } from './browser.js';
import { fixtureSeries, fixtureSpectra, fixtureStory } from './story-fixture.js';

const bare = fixtureSeries({ checkpoints: 40, layers: 3 });
/** A series of 40 checkpoints at 3 layers, with a training log and tasks. */
export const one = {
  ...bare,
  logs: [
    {
      ...{ stage: 'pretrain', source: 'trainer_state.json' },
      steps: bare.checkpoints.map(({ step }) => step!),
      tokens: bare.checkpoints.map(({ tokens }) => tokens),
      columns: {
        loss: bare.checkpoints.map((_, i) => 11 - i / 5),
        learning_rate: bare.checkpoints.map((_, i) => 1e-3 * (1 - i / 40)),
      },
    },
  ],
  downstream: ['acc', 'acc_norm'].map((metric) => ({
    ...{ task: 'sciq', metric, source: 'results.json' },
    points: bare.checkpoints.slice(10).map(({ stage, revision, step, tokens }, i) => ({
      ...{ stage, revision, step, tokens, value: 0.25 + i / 50, se: 0.01, n: 1000 },
    })),
  })),
};
const shuffled = fixtureSeries(
  { checkpoints: 40, layers: 3 },
  {
    ...{ id: '1/fixture-1b/c0ffee', variant: 'c0ffee', label: 'fixture-1b · shuffled tokens' },
    control: { kind: 'shuffled-tokens' as const, seed: 0 },
  },
);

/** One series, with a null, a failure and a damaged file. */
export async function singleReport(): Promise<string> {
  const story = fixtureStory([one, shuffled]);
  const [run] = story.runs;
  const failure = {
    series: one.name,
    stage: 'pretrain',
    revision: 'step77',
    variant: null,
    code: 'input',
    message: 'no weights',
  };
  const damaged = {
    file: 'geometry/fixture-1b/pretrain/step8.json',
    message: 'figures were changed after they were written',
  };
  const spoilt = {
    ...story,
    runs: [{ ...run!, failures: [{ ...failure, step: 77, tokens: 161_480_704 }], problems: [damaged] }],
  };
  return reportFile(
    spoilt,
    one.layers.map((layer) => fixtureSpectra(one, layer)),
  );
}

/** Two runs on the same rows, the second 10 % higher. */
export async function doubleReport(): Promise<string> {
  const other = fixtureSeries(
    { checkpoints: 40, layers: 3 },
    { id: '2/other-1b', run: '2', name: 'other-1b', label: 'other-1b' },
  );
  const final = other.curves['final']!;
  const higher = (values: readonly (number | null)[]) => values.map((value) => (value === null ? null : value * 1.1));
  const curves = {
    ...other.curves,
    final: {
      ...final,
      figures: { ...final.figures, rankme: higher(final.figures['rankme']!) },
      replicates: { ...final.replicates, rankme: final.replicates.rankme.map((values) => values!.map((v) => v * 1.1)) },
    },
  };
  return reportFile(fixtureStory([one, { ...other, curves }]), [fixtureSpectra(one, 'final')]);
}

/** Polls longer than a busy machine takes. */
export const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 15_000 });
export const announced = (page: Watched['page'], text: string) =>
  soon(() => page.locator('.unseen[aria-live]').textContent()).toContain(text);
export const hash = (page: Watched['page']) => new URLSearchParams(new URL(page.url()).hash.slice(1));
/** Rows of the CSV of what a chart draws. */
export async function drawn(page: Watched['page'], chart: string): Promise<string[]> {
  const link = page.locator(`[data-chart="${chart}"]`).getByRole('button', { name: /^Data/ });
  return (await downloaded(page, () => link.click())).bytes.toString().trim().split('\r\n').slice(1);
}
