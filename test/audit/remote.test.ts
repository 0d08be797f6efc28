import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findingsIn, seriesFacts, type RemoteFile, type RevisionSource } from '../../src/audit/index.js';
import type { Series, SeriesEntry } from '../../src/checkpoints/index.js';
import { refusal } from '../checkpoints/folders.js';
import { config, pythiaSteps } from './revisions.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const id = 'EleutherAI/pythia-2.8b';

function entry(revision: string): SeriesEntry {
  const step = Number(revision.slice('step'.length));
  return {
    ...{ stage: 'pretrain', revision, step, tokens: null, parent: null, seed: null, folder: null, problem: null },
    hub: { id, revision, commit: null },
  };
}

const seriesOf = (entries: readonly SeriesEntry[]): Series => ({
  ...{ name: 'pythia-2.8b', root: '/nowhere', source: 'hub', tokensPerStep: null, tokenizer: null, stages: [] },
  ...{ entries, notes: [] },
});

type Revisions = Record<string, { text: Record<string, string>; weights: Record<string, string> }>;

/** A repository whose revisions hold small files as text and weights by what they are of. */
class Repository implements RevisionSource {
  readonly asked: string[] = [];
  readonly revisions: Revisions;
  constructor(revisions: Revisions) {
    this.revisions = revisions;
  }

  files({ hub }: SeriesEntry): Promise<RemoteFile[]> {
    const found = this.revisions[hub!.revision];
    if (!found) return Promise.reject(new Error(`${hub!.revision}: no such revision`));
    return Promise.resolve([
      ...Object.entries(found.text).map(([path, text]) => ({
        ...{ path, size: text.length, sha256: null, gitOid: sha256(text).slice(0, 40) },
      })),
      ...Object.entries(found.weights).map(([path, of]) => ({
        ...{ path, size: 5_684_548_640, sha256: sha256(of), gitOid: sha256(`pointer ${of}`).slice(0, 40) },
      })),
    ]);
  }

  text({ hub }: SeriesEntry, path: string): Promise<string | null> {
    this.asked.push(`${hub!.revision}/${path}`);
    return Promise.resolve(this.revisions[hub!.revision]?.text[path] ?? null);
  }
}

const whole = (of: string, changes: object = {}) => ({
  text: { 'config.json': JSON.stringify({ ...config, ...changes }), 'tokenizer.json': '{}' },
  weights: { 'model.safetensors': of, 'pytorch_model.bin': `bin ${of}` },
});

async function findingsOf(repository: Repository, entries: readonly SeriesEntry[]) {
  const facts = await seriesFacts(seriesOf(entries), {}, repository);
  return findingsIn(facts).map(({ code, message, members }) => [
    code,
    message,
    members.map(({ revision }) => revision).join(' '),
  ]);
}

describe('revisions that are not here', () => {
  it('are told apart by the ids of their files: all 86 of 154 that serve final weights, and main', async () => {
    const stale = pythiaSteps.slice(0, -1).filter((_, at) => (at * 86) % 153 < 86);
    const revisions = Object.fromEntries(
      pythiaSteps.map((step) => [`step${step}`, whole(stale.includes(step) ? '143000' : String(step))]),
    );
    const repository = new Repository({ ...revisions, main: whole('143000') });
    const entries = pythiaSteps.map((step) => entry(`step${step}`));
    expect(await findingsOf(repository, entries)).toEqual([
      [
        'identical-weights',
        'the weights of step143000, the last step there and of main',
        stale.map((step) => `step${step}`).join(' '),
      ],
    ]);
    // One config.json for all, and no weight.
    expect(repository.asked).toHaveLength(1);
  });

  it('are read by their small files: configs, dtypes, shards, tokenizers', async () => {
    const index = JSON.stringify({
      metadata: { total_size: 9 },
      weight_map: { a: 'a.safetensors', b: 'b.safetensors' },
    });
    const repository = new Repository({
      step1: whole('1'),
      step2: whole('2', { rotary_pct: 0.5 }),
      step3: whole('3', { torch_dtype: 'bfloat16' }),
      step4: { text: { ...whole('').text, 'model.safetensors.index.json': index }, weights: { 'a.safetensors': '4' } },
      step5: { text: { 'config.json': whole('').text['config.json'] }, weights: { 'model.safetensors': '5' } },
      step6: { text: {}, weights: {} },
      step7: whole('7'),
      main: whole('1'),
    });
    const entries = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => entry(`step${step}`));
    expect(await findingsOf(repository, entries)).toEqual([
      ['no-weights', 'no weight file', 'step6'],
      ['no-config', 'no config.json', 'step6'],
      ['missing-shards', '1 of 2 shards: b.safetensors not there', 'step4'],
      ['unreadable', 'step8: no such revision', 'step8'],
      ['config-differs', 'rotary_pct of the config is 0.5, absent in most', 'step2'],
      ['dtype-differs', 'stored as BF16, most as F16', 'step3'],
      ['no-tokenizer', 'no tokenizer.json', 'step5 step6'],
      ['alias', 'carries the weights of step1, not the last step', 'main'],
    ]);
  });

  it('that can none of them be listed are an error, not a finding', async () => {
    const message = await refusal(findingsOf(new Repository({}), [entry('step1'), entry('step2')]));
    expect(message).toContain('step1: no such revision');
  });
});
