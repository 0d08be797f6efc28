import { describe, expect, it } from 'vitest';
import type { Audit } from '../../src/cli/library.js';
import { type } from './fakes.js';

const at = (revision: string, stage = 'pretrain') => ({ stage, revision });
const stale = Array.from({ length: 86 }, (_, k) => at(`step${(k + 1) * 1000}`));

function audit(changes: Partial<Audit> = {}): Audit {
  return {
    series: 'pythia-2.8b',
    revisions: [
      ...stale.map(({ revision }) => ({
        ...{ ...at(revision), step: 1, bytes: 5_684_548_640, flags: ['identical-weights'] },
        files: [{ name: 'model.safetensors', size: 5_684_548_640, sha256: 'a'.repeat(64) }],
      })),
      { ...at('step143000'), step: 143_000, bytes: 0, flags: [], files: [] },
    ],
    findings: [
      {
        ...{ code: 'identical-weights', severity: 'error', members: stale },
        message: 'the weights of step143000, the last step there',
      },
      {
        ...{ code: 'missing', severity: 'warning', members: [], missing: [{ stage: 'pretrain', step: 90_000 }] },
        message: '1 of 154 steps are not there (powers of two, then every 1000 steps to 143000)',
      },
      {
        code: 'skipped',
        severity: 'note',
        members: [at('logs\u001b[2J', '')],
        message: 'no config.json and no weights',
      },
    ],
    sound: false,
    notes: [],
    ...changes,
  };
}

const sound: Partial<Audit> = { findings: [], sound: true };
const library = (changes: Partial<Audit> = {}) => ({ auditSeries: () => Promise.resolve(audit(changes)) });

describe('audit', () => {
  it('shows a row a finding, its members briefly, and the verdict; exit status 4', async () => {
    const { status, stdout, stderr } = await type('audit series', { library: library() });
    expect(status).toBe(4);
    expect(stderr.text).toBe('');
    expect(stdout.text.split('\n')).toEqual([
      'severity  finding            revisions  what',
      'error     identical-weights         86  the weights of step143000, the last step there',
      '                                        step1000, step2000, step3000, … step86000 (82 more between)',
      'warning   missing                    1  1 of 154 steps are not there (powers of two, then every 1000',
      '                                        steps to 143000)',
      '                                        step 90000',
      'note      skipped                    1  no config.json and no weights',
      '                                        logs�[2J',
      '',
      'pythia-2.8b: 87 revisions, 455 GiB of weights: 1 error and 1 warning, 86 of its revisions flagged',
      '',
    ]);
  });

  it('names every member where that is asked for', async () => {
    const { stdout } = await type('audit series --members', { library: library() });
    for (const { revision } of stale) expect(stdout.text).toMatch(new RegExp(`\\b${revision}\\b`));
  });

  it('gives JSON whole, and nothing else', async () => {
    const { status, stdout, stderr } = await type('audit series --json', { library: library() });
    expect(status).toBe(4);
    expect(stderr.text).toBe('');
    expect(JSON.parse(stdout.text)).toEqual(audit());
  });

  it('says so when nothing is wrong, and nothing when quiet; exit status 0', async () => {
    const loud = await type('audit series', { library: library(sound) });
    expect([loud.status, loud.stdout.text]).toEqual([
      0,
      'pythia-2.8b: 87 revisions, 455 GiB of weights: nothing wrong found\n',
    ]);
    const quiet = await type('audit series --quiet', { library: library(sound) });
    expect([quiet.status, quiet.stdout.text]).toEqual([0, '']);
  });

  it('passes on what is asked, and needs a series', async () => {
    const asked: unknown[] = [];
    const auditSeries = (series: string, options?: object) => {
      asked.push([series, { ...options, signal: undefined, onProgress: undefined }]);
      return Promise.resolve(audit(sound));
    };
    await type('audit s --ignore missing,alias --schedule pythia --tokens-per-step 2097152', {
      library: { auditSeries },
    });
    expect(asked).toEqual([['s', { ignore: ['missing', 'alias'], schedule: 'pythia', tokensPerStep: 2_097_152 }]]);
    const { status, stderr } = await type('audit', { library: library() });
    expect(status).toBe(2);
    expect(stderr.text).toContain('SERIES: is missing');
  });
});
