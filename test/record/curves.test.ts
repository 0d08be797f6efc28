import { describe, expect, it } from 'vitest';
import { curvesOf, listMeasurements, openRun, writeMeasurement } from '../../src/record/index.js';
import { draft, keyParts, layer, request, temporaryFolder } from './fixture.js';
import { addRequest } from '../../src/record/index.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;

async function runOf(drafts: readonly ReturnType<typeof draft>[]) {
  const run = await openRun(`${await temporaryFolder()}/run`, { create: true });
  await addRequest(run, request());
  for (const one of drafts) await writeMeasurement(run, one);
  return listMeasurements(run);
}

const at = (step: number, changes: Parameters<typeof draft>[0] = {}) =>
  draft({ revision: `step${step}`, step, tokens: step * 1000, ...changes });

describe('curves of a run', () => {
  it('are one a series and layer, points in order, replicates paired', async () => {
    const { curves, notes } = curvesOf(await listMeasurements(await openRun(demo)));
    expect(notes).toEqual([]);
    expect(curves).toHaveLength(1);
    const [curve] = curves;
    expect(curve).toMatchObject({ series: 'sample-neox-0.9m', variant: null, position: 'last', layer: 'final' });
    expect(curve!.unpaired).toBeNull();
    expect(curve!.points.map(({ revision }) => revision)).toEqual([
      ...['step0', 'step1', 'step2', 'step4', 'step8', 'step16', 'step32', 'step64', 'step128', 'step256', 'step512'],
      ...['step1000', 'step2000', 'step4000', 'step6000', 'sft-step20', 'sft-step50', 'dpo-step42'],
      ...['rlvr-step80', 'rlvr-step160'],
    ]);
    const point = curve!.points[7]!;
    expect(point).toMatchObject({ stage: 'pretrain', step: 64, tokens: 262_144, flags: [] });
    expect(point.figures['rankme']).toBe(17.789086189743916);
    expect(point.replicates!.rankme[0]).toBe(17.88445314311831);
    expect(curve!.points[0]!.flags.map(({ code }) => code)).toEqual(['few-rows-dominate']);
  });

  it('say where errors are not paired: other rows, other groups, none at all', async () => {
    const otherRows = { ...keyParts, corpus: 'e'.repeat(64) };
    const rows = curvesOf(await runOf([at(1), at(2, { keyParts: otherRows })]));
    expect(rows.curves[0]!.unpaired).toBe(
      'step1 and step2 were measured on different rows, so their errors are not paired',
    );
    const three = { ...layer, replicates: { rankme: [3, 3.1, 3.2], alpha: [null, null, null] } };
    const groups = curvesOf(await runOf([at(1), at(2, { layers: { final: three } })]));
    expect(groups.curves[0]!.unpaired).toContain('different groups of rows');
    const none = curvesOf(await runOf([at(1, { layers: { final: { ...layer, replicates: null } } })]));
    expect(none.curves[0]!.unpaired).toBe('measured without errors');
    expect(none.curves[0]!.points[0]!.replicates).toBeNull();
  });

  it('join variants that add layers, and keep controls apart', async () => {
    const listing = await runOf([
      at(1),
      at(2),
      at(1, { variant: 'aa', layers: { final: layer, '0': layer }, keyParts: { ...keyParts, layers: ['0', 'final'] } }),
      at(1, { variant: 'bb', keyParts: { ...keyParts, control: 'shuffled-tokens' } }),
    ]);
    const { curves, notes } = curvesOf(listing);
    expect(curves.map((c) => [c.layer, c.variant, c.points.length])).toEqual([
      ['final', null, 2],
      ['0', 'aa', 1],
    ]);
    expect(notes).toEqual(['left out: variants of the main request, bb (--variant shows one)']);
    const all = curvesOf(listing, { everyVariant: true });
    expect(all.curves.map((c) => [c.layer, c.variant, c.points.length])).toEqual([
      ['final', null, 2],
      ['0', 'aa', 1],
      ['final', 'bb', 1],
    ]);
    expect(all.notes).toEqual([]);
    expect(curvesOf(listing, { layer: '0' }).curves).toHaveLength(1);
    expect(() => curvesOf(listing, { layer: '7' })).toThrow("--layer: the run has none such, got '7'");
  });
});
