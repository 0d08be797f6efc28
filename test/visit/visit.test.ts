import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EigentraceError } from '../../src/errors.js';
import { exportRun, findingPath, openRun, readFindings, verifyRun } from '../../src/record/index.js';
import { visit, type VisitEvent, type VisitJob, type VisitPart, type VisitRequest } from '../../src/visit/index.js';
import { changeConfig, cutShort } from '../trace/series.js';
import { copySeries, temporary } from '../trace/command-line.js';

/** Counts a text's tokens: what it finds is known beforehand, and no model has to be run. */
interface Counting extends VisitPart {
  readonly text: string;
}
const part = (name: string, text: string): Counting => ({ name, scope: { task: name }, options: { text }, text });
const counted: string[] = [];
const counting = (...parts: Counting[]): VisitJob<Counting> => ({
  kind: 'tasks',
  parts,
  keyParts: (_, { text }) => ({ text }),
  run: ({ tokenizer, entry, model }, { name, text }, { progress }) => {
    counted.push(`${entry.revision} ${name}`);
    progress('score', 1, 1);
    const ids = tokenizer().encode(text);
    return Promise.resolve({
      values: [
        { name, metric: 'tokens', value: ids.length, se: null, n: 1, definition: 'tokens/1' },
        { name, metric: 'loss', value: null, se: null, n: 0, definition: 'loss/1', reason: 'no model was run' },
      ],
      detail: { width: model.width, ids: [...ids] },
      flags: [{ code: 'tiny', message: 'one text' }],
    });
  },
});

let folder: string;
let series: string;
let out: string;
const places: string[] = [];

const request = (changes: Partial<VisitRequest> = {}): VisitRequest => ({
  ...{ series, out, revisions: 'all', tokensPerStep: 1000, randomInit: null, threads: 1, force: false },
  ...changes,
});
const states = ({ results }: { results: { revision: string; part: string; state: string }[] }): string[] =>
  results.map(({ revision, part, state }) => `${revision} ${part} ${state}`);

beforeAll(async () => {
  folder = await temporary();
  places.push(folder);
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
  series = await copySeries(join(folder, 'tiny'), { step0: 'step0', step16: 'step16' });
});
beforeEach(() => {
  counted.length = 0;
  out = join(folder, `run-${Math.random()}`);
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  for (const place of places) await rm(place, { recursive: true, force: true });
});

describe('visit', () => {
  it('finds every part of every checkpoint, stores it, and uses it again', async () => {
    const job = counting(part('short', 'the cat'), part('long', 'the cat sat on the mat'));
    const events: VisitEvent[] = [];
    const first = await visit(request(), job, { onEvent: (event) => events.push(event) });
    expect(states(first)).toEqual([
      ...['step0 short measured', 'step0 long measured', 'step16 short measured', 'step16 long measured'],
    ]);
    expect(first).toMatchObject({ run: out, series: 'tiny', kind: 'tasks', interrupted: false });
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(4);
    expect(events.find(({ type }) => type === 'progress')).toMatchObject({
      phase: 'hash',
      revision: 'step0',
      total: 4,
    });
    const [one] = first.results;
    expect(one!.finding).toMatchObject({
      ...{ series: 'tiny', stage: 'pretrain', revision: 'step0', variant: null, step: 0, tokens: 0 },
      ...{ options: { text: 'the cat' }, detail: { width: 128 } },
      provenance: { model: { architecture: 'gpt_neox' }, precision: 'float32', commit: null },
    });
    expect(one!.path).toBe(join(out, 'tasks/tiny/pretrain/step0.json'));
    expect(one!.finding!.keyParts).toMatchObject({
      kind: 'tasks',
      text: 'the cat',
      weights: one!.finding!.provenance.weights!.sha256,
      config: one!.finding!.provenance.config_sha256,
      tokenizer: one!.finding!.provenance.tokenizer_sha256,
    });

    const second = await visit(request(), job);
    expect(states(second).every((state) => state.endsWith('reused'))).toBe(true);
    expect(counted).toHaveLength(4);
    expect(second.results.map(({ finding }) => finding)).toEqual(first.results.map(({ finding }) => finding));
    await visit(request({ force: true, revisions: 'step16' }), job);
    expect(counted).toHaveLength(6);
  });

  it('finds again what was asked otherwise, and says what differs', async () => {
    await visit(request({ revisions: 'step0' }), counting(part('a', 'one')));
    const notes: string[] = [];
    const onEvent = (event: VisitEvent) => event.type === 'note' && notes.push(event.message);
    const again = await visit(request({ revisions: 'step0' }), counting(part('a', 'two words')), { onEvent });
    expect(states(again)).toEqual(['step0 a measured']);
    expect(notes).toEqual(['step0: found with other options (text: one → "two words"); finding again']);
    // Another scope stands beside it.
    const other = await visit(request({ revisions: 'step0' }), counting(part('b', 'one')));
    expect(other.results[0]!.path).toMatch(/step0\.[0-9a-f]{10}\.json$/);
    const { findings } = await readFindings(await openRun(out), 'tasks');
    expect(findings.map(({ finding }) => finding.options['text'])).toEqual(['two words', 'one']);
  });

  it('records a checkpoint that fails, goes on, and forgets the failure when it is mended', async () => {
    const broken = await copySeries(join(folder, 'broken'), { step0: 'step0', step16: 'step16' });
    await cutShort(join(broken, 'step0'));
    const job = counting(part('a', 'one'), part('b', 'two'));
    const result = await visit(request({ series: broken }), job);
    expect(states(result)).toEqual(['step0 a failed', 'step0 b failed', 'step16 a measured', 'step16 b measured']);
    expect(result.results[0]!.error).toContain('model.safetensors');
    const { findings, failures } = (await openRun(out)).record;
    expect(findings!.failures.map(({ kind, revision }) => `${kind} ${revision}`)).toEqual([
      'tasks step0',
      'tasks step0',
    ]);
    expect(failures).toEqual([]);
    await rm(broken, { recursive: true });
    await copySeries(broken, { step0: 'step0', step16: 'step16' });
    expect(states(await visit(request({ series: broken }), job))).toEqual([
      ...['step0 a measured', 'step0 b measured', 'step16 a reused', 'step16 b reused'],
    ]);
    expect((await openRun(out)).record.findings!.failures).toEqual([]);
  });

  it('ends with a wrong option, which is the same for every checkpoint', async () => {
    const wrong: VisitJob = {
      ...counting(part('a', 'one')),
      run: () => Promise.reject(new EigentraceError('usage', '--keep: got 200 (expected at most 128)')),
    };
    await expect(visit(request(), wrong)).rejects.toThrow('--keep: got 200');
    await expect(visit(request({ threads: 0 }), wrong)).rejects.toThrow('--threads: got 0');
  });

  it('keeps what was finished when it is interrupted, and goes on from there', async () => {
    const controller = new AbortController();
    const job = counting(part('a', 'one'), part('b', 'two'));
    const stopping: VisitJob<Counting> = {
      ...job,
      run: (subject, each, tools) => {
        if (each.name === 'b') {
          controller.abort();
          throw new EigentraceError('interrupted', 'interrupted');
        }
        return job.run(subject, each, tools);
      },
    };
    const stopped = await visit(request(), stopping, { signal: controller.signal });
    expect(stopped.interrupted).toBe(true);
    expect(states(stopped)).toEqual(['step0 a measured']);
    expect((await openRun(out)).record.findings!.failures).toEqual([]);
    expect(states(await visit(request(), job)).map((state) => state.split(' ')[2])).toEqual([
      ...['reused', 'measured', 'measured', 'measured'],
    ]);
  });

  it('visits a model of random weights besides, under a variant of its own', async () => {
    const result = await visit(request({ revisions: 'step16', randomInit: 3 }), counting(part('a', 'one')));
    expect(result.results.map(({ control, step, state }) => ({ control, step, state }))).toEqual([
      { control: null, step: 16, state: 'measured' },
      { control: { kind: 'random-init', seed: 3 }, step: null, state: 'measured' },
    ]);
    const [, drawn] = result.results;
    expect(drawn!.finding!.variant).not.toBeNull();
    expect(drawn!.finding!.provenance.weights).toBeNull();
    expect(drawn!.finding!.control).toMatchObject({ kind: 'random-init', seed: 3 });
    const again = await visit(request({ revisions: 'step16', randomInit: 3 }), counting(part('a', 'one')));
    expect(states(again)).toEqual(['step16 a reused', 'step16 a reused']);
  });

  it('stores nothing without a RUN, and refuses a model it does not know', async () => {
    const { results, run } = await visit(request({ out: null, revisions: 'step0' }), counting(part('a', 'one')));
    expect(run).toBeNull();
    expect(results[0]).toMatchObject({ path: null, finding: { revision: 'step0' } });
    const odd = await copySeries(join(folder, 'odd'), { step0: 'step0' });
    await changeConfig(join(odd, 'step0'), { model_type: 'gpt_neo' });
    const failed = await visit(request({ series: odd, out: null }), counting(part('a', 'one')));
    expect(failed.results[0]!.error).toContain('gpt_neo');
  });
});

describe('findings in a run', () => {
  it('are a long table in every format, filtered', async () => {
    await visit(request(), counting(part('a', 'one'), part('b', 'the cat')));
    const run = await openRun(out);
    const { content } = await exportRun(run, { format: 'jsonl', table: 'tasks' });
    const rows = Buffer.from(content).toString().trim().split('\n');
    expect(rows).toHaveLength(8);
    expect(JSON.parse(rows[1]!)).toEqual({
      ...{ series: 'tiny', stage: 'pretrain', revision: 'step0', step: 0, tokens: 0 },
      ...{ name: 'a', metric: 'loss', value: null, se: null, n: 0, definition: 'loss/1' },
      flags: 'tiny; no model was run',
    });
    expect(rows.map((row) => (JSON.parse(row) as { step: number }).step)).toEqual([0, 0, 0, 0, 16, 16, 16, 16]);
    for (const format of ['csv', 'json', 'parquet']) {
      expect((await exportRun(run, { format, table: 'tasks' })).content.length).toBeGreaterThan(100);
    }
    await expect(exportRun(run, { format: 'npy', table: 'tasks' })).rejects.toThrow('npy holds the geometry alone');
    await expect(exportRun(run, { format: 'csv', table: 'ablation' })).rejects.toThrow(
      "--table: the run holds no such results, got 'ablation' (expected geometry, phases, tasks)",
    );
    await expect(exportRun(run, { format: 'csv', table: 'tasks', stage: 'sft' })).rejects.toThrow(
      '--stage: nothing of tasks fits, got sft (expected one of: pretrain)',
    );
  });

  it('are verified: a changed value, key, provenance and place are seen', async () => {
    await visit(request({ revisions: 'step0' }), counting(part('a', 'one')));
    expect(await verifyRun(out)).toMatchObject({
      sound: true,
      problems: [],
      checked: { measurements: 0, findings: 1 },
    });
    const run = await openRun(out);
    const ref = { kind: 'tasks', series: 'tiny', stage: 'pretrain', revision: 'step0', variant: null } as const;
    const path = findingPath(run, ref);
    const sound = await readFile(path, 'utf8');
    const changes: [RegExp, string, string][] = [
      [/"value": 1/, '"value": 2', 'values were changed after they were written'],
      [/("keyParts": \{[^}]*"text": )"one"/, '$1"two"', 'keyParts were changed after they were written'],
      [/"architecture": "gpt_neox"/, '"architecture": "gpt"', 'provenance was changed after it was written'],
      [/"revision": "step0"/, '"revision": "step1"', 'was moved or renamed'],
      [/"values": \[/, '"values": [], "old": [', 'values were changed after they were written'],
    ];
    for (const [pattern, replacement, message] of changes) {
      const changed = sound.replace(pattern, replacement);
      expect(changed).not.toBe(sound);
      await writeFile(path, changed);
      const { sound: isSound, problems } = await verifyRun(out);
      expect(isSound).toBe(false);
      expect(problems[0]!.message).toContain(message);
      expect(problems[0]!.file).toBe('tasks/tiny/pretrain/step0.json');
      // Resume doesn't use it.
      expect((await visit(request({ revisions: 'step0' }), counting(part('a', 'one')))).results[0]!.state).toBe(
        'measured',
      );
    }
  });
});
