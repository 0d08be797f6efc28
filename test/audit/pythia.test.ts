import { mkdir, rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { auditSeries } from '../../src/trace/audit.js';
import { folderOf } from '../checkpoints/folders.js';
import { pythiaSteps, revision } from './revisions.js';

it('finds all 86 of 154 revisions that serve final weights', async () => {
  // Spread over the series, the first steps among them, never the last.
  const stale = new Set(pythiaSteps.slice(0, -1).filter((_, at) => (at * 86) % 153 < 86));
  expect(stale.size).toBe(86);
  const root = await folderOf(
    Object.assign(
      {},
      ...pythiaSteps.map((step) => revision(`pythia-2.8b/step${step}`, stale.has(step) ? 143_000 : step)),
    ) as Record<string, Uint8Array>,
  );
  const audit = await auditSeries(`${root}/pythia-2.8b`);
  expect(audit.sound).toBe(false);
  expect(audit.findings).toEqual([
    {
      code: 'identical-weights',
      severity: 'error',
      message: 'the weights of step143000, the last step there',
      members: [...stale].map((step) => ({ stage: 'pretrain', revision: `step${step}` })),
    },
  ]);
  expect(audit.revisions).toHaveLength(154);
  const flagged = audit.revisions.filter(({ flags }) => flags.includes('identical-weights'));
  expect(new Set(flagged.map(({ step }) => step))).toEqual(stale);
  expect(flagged[0]!.files[0]!.sha256).toBe(audit.revisions.at(-1)!.files[0]!.sha256);
  // What is like nothing else need not be read.
  expect(audit.revisions.find(({ flags }) => flags.length === 0)!.files[0]!.sha256).toBeNull();

  await rm(`${root}/pythia-2.8b/step143000`, { recursive: true });
  await rm(`${root}/pythia-2.8b/step64`, { recursive: true });
  await mkdir(`${root}/pythia-2.8b/step7000-empty`);
  const without = await auditSeries(`${root}/pythia-2.8b`);
  expect(
    without.findings.map(({ code, message, members, missing }) => [code, message, members.length, missing]),
  ).toEqual([
    ['identical-weights', 'the weights of step142000, the last step there', 85, undefined],
    [
      'missing',
      '2 of 154 steps are not there (powers of two, then every 1000 steps to 143000)',
      0,
      [
        { stage: 'pretrain', step: 64 },
        { stage: 'pretrain', step: 143_000 },
      ],
    ],
    ['skipped', 'no config.json and no weights', 1, undefined],
  ]);
});
