import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  paperAblationFor,
  paperCorrelationFor,
  paperCurvesFor,
  paperMemorizationFor,
  paperValues,
} from '../../src/paper/index.js';

/** The values as they were read off, kept outside of the repository. */
const source = new URL('../../../shared/design/paper-values.json', import.meta.url);

describe("the paper's values", () => {
  it.skipIf(!existsSync(source))('are those that were read off', () => {
    expect(paperValues).toEqual(JSON.parse(readFileSync(source, 'utf8')));
  });

  it.each([
    ['pythia-1b', 'pythia-1b'],
    ['EleutherAI/pythia-1b', 'pythia-1b'],
    ['EleutherAI/pythia-6.9b@step1000', 'pythia-6.9b'],
    ['OLMo-2-1124-7B', 'OLMo-2-1124-7B'],
    ['allenai/OLMo-2-1124-7B', 'OLMo-2-1124-7B'],
    ['Pythia-12B', 'pythia-12b'],
  ])('know the series %s', (series, name) => {
    const curves = paperCurvesFor(series)!;
    expect(curves.name).toBe(name);
    expect(curves.boundaries).toHaveLength(2);
    expect(curves.rankme.every(([tokens], i) => i === 0 || tokens > curves.rankme[i - 1]![0])).toBe(true);
    expect(curves.alpha.every(([tokens], i) => i === 0 || tokens > curves.alpha[i - 1]![0])).toBe(true);
  });

  it.each(['pythia-1b-deduped', 'pythia-14m', 'someone/pythia-1b', 'OLMo-2-1124-7B-Instruct', 'sample-neox-0.9m', ''])(
    'know nothing of the series %s',
    (series) => {
      expect(paperCurvesFor(series)).toBeNull();
      expect(paperAblationFor(series)).toBeNull();
    },
  );

  it('have the tables by row', () => {
    expect(paperCurvesFor('pythia-12b')!.rankme.at(-1)).toEqual([3e11, 285]);
    expect(paperCurvesFor('OLMo-2-1124-7B')!.boundaries).toEqual([2.5e9, 5.9e10]);
    expect(paperAblationFor('EleutherAI/pythia-6.9b')).toEqual({
      ...{ name: 'pythia-6.9b', original: 0.896, top10Removed: 0.893, top10Kept: 0.202 },
      ...{ top50Removed: 0.906, top50Kept: 0.327 },
    });
    expect(paperAblationFor('allenai/OLMo-2-0425-1B')!.top10Kept).toBe(0.199);
    expect(paperCorrelationFor('OLMo-2-0425-1B')).toEqual({
      ...{ name: 'OLMo-2-0425-1B', alphaR: 0.54, alphaP: 4.92e-7, rankmeR: -0.616, rankmeP: 3.201e-9 },
    });
    expect(paperCorrelationFor('OLMo-2-1124-7B')).toBeNull();
    expect(paperMemorizationFor('pythia-2.8b')!.at(1)).toEqual([3e10, 0.333]);
  });
});
