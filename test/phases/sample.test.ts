/** The rule on real curves: the sample's, whatever it shows, and the paper's as read off its figures. */
import { describe, expect, it } from 'vitest';
import { paperCurvesFor } from '../../src/paper/index.js';
import { phasesOf, type PhasePoint } from '../../src/phases/index.js';
import { curvesOf, listMeasurements, openRun, phasesOfCurve } from '../../src/record/index.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;

describe('the sample series', () => {
  it('shows warmup and entropy-seeking; RankMe turns at step 32, α at step 64', async () => {
    const { curves } = curvesOf(await listMeasurements(await openRun(demo)));
    const { phases, checkpoints, stage } = phasesOfCurve(curves[0]!)!;
    expect(stage).toBe('pretrain');
    for (const { phases: found } of [phases.rankme, phases.alpha]) {
      expect(found.map(({ name }) => name)).toEqual(['warmup', 'entropy-seeking']);
      expect(found[0]!.from).toBe(0);
      expect(found[1]!.to).toBe(24_576_000);
    }
    const [rankme, alpha] = [phases.rankme.turningPoints, phases.alpha.turningPoints];
    expect(rankme.map(({ kind, index }) => [kind, checkpoints[index]!.revision])).toEqual([['minimum', 'step32']]);
    expect(rankme[0]!.value).toBe(11.546627147544);
    expect(rankme[0]!.prominence).toBeCloseTo(Math.log(38.3953484307581 / 11.546627147544), 12);
    // Levels are known to ± 3 and 4 %, their paired difference to ± 1.8 %.
    expect(rankme[0]!.prominenceSe).toBeCloseTo(0.018085305543790616, 12);
    expect(rankme[0]!.at).toBeCloseTo(151_064, 0);
    expect(rankme[0]!.interval.map(Math.round)).toEqual([75_532, 302_128]);
    expect(alpha.map(({ kind, index }) => [kind, checkpoints[index]!.revision])).toEqual([['maximum', 'step64']]);
    // step 64 and step 128 have the same α within scatter: the vertex lies between them.
    expect(alpha[0]!.at).toBeGreaterThan(262_144);
    expect(alpha[0]!.at).toBeLessThan(524_288);
    expect(phases.disagreements).toEqual([]);
    expect(phases.rankme.notes).toEqual([]);
  });
});

/** The points of two curves that were read off at places of their own. */
function pointsOf(curves: NonNullable<ReturnType<typeof paperCurvesFor>>): PhasePoint[] {
  const point = (tokens: number, values: { rankme?: number; alpha?: number }): PhasePoint => {
    return { tokens, step: null, rankme: null, alpha: null, ...values, replicates: null };
  };
  return [
    ...curves.rankme.map(([tokens, rankme]) => point(tokens, { rankme })),
    ...curves.alpha.map(([tokens, alpha]) => point(tokens, { alpha })),
  ];
}

const withinFactor = (place: number, drawn: number, factor: number) =>
  Math.abs(Math.log(place / drawn)) < Math.log(factor);

describe("the paper's own curves", () => {
  const three = ['warmup', 'entropy-seeking', 'compression-seeking'];
  const pythia = ['pythia-1b', 'pythia-1.4b', 'pythia-2.8b', 'pythia-6.9b', 'pythia-12b'];

  it('show a warmup, entropy-seeking, compression-seeking and a late second rise for OLMo-2-7B', () => {
    const paper = paperCurvesFor('allenai/OLMo-2-1124-7B')!;
    const { rankme, alpha, disagreements } = phasesOf(pointsOf(paper));
    for (const curve of [rankme, alpha]) {
      expect(curve.phases.map(({ name }) => name)).toEqual([...three, 'entropy-seeking']);
      paper.boundaries.forEach((drawn, i) => {
        expect(withinFactor(curve.turningPoints[i]!.at, drawn, 3)).toBe(true);
      });
      const late = curve.turningPoints[2]!;
      expect(late.at).toBeGreaterThan(8e11);
      expect(late.at).toBeLessThan(2.6e12);
    }
    expect(rankme.turningPoints.map(({ value }) => value)).toEqual([75, 1040, 325]);
    expect(disagreements).toEqual([]);
  });

  it.each(pythia)('show three phases for %s', (name) => {
    const paper = paperCurvesFor(name)!;
    const { rankme, alpha } = phasesOf(pointsOf(paper));
    expect(rankme.phases.map((phase) => phase.name)).toEqual(three);
    expect(alpha.phases.map((phase) => phase.name)).toEqual(three);
    const [end, maximum] = rankme.turningPoints;
    const [peak, minimum] = alpha.turningPoints;
    // RankMe's maximum and α's peak and minimum lie at the drawn lines; RankMe's minimum is a plateau before the first
    // one (0.6–5e8 where 1e9 is drawn), whose interval reaches it.
    expect(withinFactor(maximum!.at, paper.boundaries[1]!, 3)).toBe(true);
    expect(withinFactor(peak!.at, paper.boundaries[0]!, 3)).toBe(true);
    expect(withinFactor(minimum!.at, paper.boundaries[1]!, 3)).toBe(true);
    expect(end!.at).toBeLessThan(paper.boundaries[0]!);
    expect(end!.at).toBeGreaterThan(1e8);
    expect(end!.interval[1]).toBeGreaterThan(paper.boundaries[0]!);
  });
});
