/**
 * Verification: sound runs of every kind are found sound; any byte that is changed is seen; figures and spectra that were
 * changed together with every hash are seen where mathematics allows it.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, canonicalSha256, verifyRun, type Run, type RunRecord } from '../../src/record/index.js';
import { openKernel } from '../../src/spectrum/index.js';
import { temporaryFolder } from './fixture.js';
import { forge, measuredRun, random, type Point } from './measured.js';
import { copyOf, file, kinds, ref, second } from './verified.js';

const golden = 'test/golden/runs/demo';
let folder: string;
let run: Run;
let single: Run;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = await measuredRun([{}, second], join(folder, 'run'));
  single = await measuredRun([{}], join(folder, 'single'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy that may be damaged. */
const copied = (of = run): Promise<Run> => copyOf(of, folder);

describe('a sound run', () => {
  it('is found sound: the demo, from its eigenvalues', async () => {
    const seen: string[] = [];
    const found = await verifyRun(golden, { onProgress: (done, of, name) => seen.push(`${done}/${of} ${name}`) });
    expect(found).toMatchObject({
      ...{ run: golden, sound: true, problems: [], notes: [] },
      // 29 figures and errors and 2 × 10 left-out values a layer; all, uncentred, 10 left out, two halves.
      checked: {
        measurements: 20,
        layers: 20,
        figures: 20 * 49,
        spectra: 20 * 14,
        rows: 0,
        bytes: 342_416,
        findings: 0,
      },
      unchecked: [
        { what: 'provenance', files: 20 },
        { what: 'dates and paths in run.json', files: 1 },
      ],
    });
    expect(seen).toHaveLength(20);
    expect(seen[0]).toBe('1/20 geometry/sample-neox-0.9m/dpo/dpo-step42.json');
  });

  it.each<[string, Point[], object]>([
    ['of more columns than rows', [{ n: 20, d: 30 }], { sound: true }],
    ['of rows that repeat, whose last eigenvalues are rounding', [{ n: 60, d: 128, distinct: 12 }], { sound: true }],
    ['without errors', [{ errors: 'none' }], { sound: true, checked: { spectra: 2 } }],
    ['of too few rows for errors', [{ n: 5, d: 4, alphaRange: [1, 4] }], { sound: true }],
    ['of one row', [{ n: 1, d: 4 }], { sound: true }],
    ['with the α range of the paper', [{ n: 220, d: 110, alphaRange: [12, 100] }], { sound: true }],
    ['of a variant', [{}, { variant: 'abc', parts: { layers: ['final'] } }], { sound: true }],
    ['of several series and stages', [{}, { stage: 'sft' }, { series: 'b' }], { sound: true, notes: [] }],
    [
      'with likelihoods, which only the hash covers',
      [{ nll: { value: 3.5, se: 0.01, tokens: 300 } }],
      { sound: true, unchecked: [{ what: 'nll', files: 1, first: file }] },
    ],
    [
      'of definitions that were others',
      [{ definitions: { version: '0', ids: ['rankme', 'alpha[2-8]'] }, parts: { definitions: '0' } }],
      {
        sound: true,
        unchecked: [{ what: 'figures', why: expect.stringContaining('definitions version 0 (this is 1)') as string }],
        checked: { layers: 1, figures: 0, spectra: 14 },
      },
    ],
  ])('%s', async (_, points, expected) => {
    const made = await measuredRun(points);
    expect(await verifyRun(made.path)).toMatchObject(expected);
    await rm(made.path, { recursive: true });
  });

  it('with rows kept is recomputed from them when asked', async () => {
    const made = await measuredRun([{ keep: true }, { ...second, keep: true, d: 60 }]);
    expect(await verifyRun(made.path)).toMatchObject({
      ...{ sound: true, checked: { rows: 0 } },
      unchecked: [{ what: 'spectra from the rows kept', files: 2 }],
    });
    const kernel = openKernel();
    const deep = await verifyRun(made.path, { deep: { kernel } });
    expect(deep).toMatchObject({ sound: true, unchecked: [], checked: { rows: 80 } });
    // Rows that were changed with every hash: the figures still follow from the spectra, the spectra not from the rows
    // (but for those without its group and of the odd ones).
    await forge(
      made,
      ref,
      () => undefined,
      (tensors) => (tensors.get('features.final')!.data[17]! += 0.25),
    );
    expect(await verifyRun(made.path)).toMatchObject({ sound: true });
    expect(await kinds(made.path, { deep: { kernel } })).toEqual(Array.from({ length: 14 }, () => `features ${file}`));
    const stopped = AbortSignal.abort();
    await expect(verifyRun(made.path, { signal: stopped })).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('any byte that is changed', () => {
  const canonicalOf = (bytes: Buffer): string | null => {
    try {
      return canonicalJson(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    } catch {
      return null;
    }
  };

  // Every 13th byte of each of the three files, one bit of it: white space and digits past float64's precision mean nothing.
  it.each(['run.json', file, file.replace('.json', '.safetensors')])('of %s is seen', async (name) => {
    const { path } = await copied(single);
    const whole = await readFile(join(path, name));
    const next = random(7);
    let irrelevant = 0;
    const unseen: number[] = [];
    for (let at = Math.floor(next() * 13); at < whole.length; at += 13) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1 << Math.floor(next() * 8);
      await writeFile(join(path, name), bytes);
      const same = name.endsWith('.json') && canonicalOf(bytes) === canonicalOf(whole);
      if (same) irrelevant++;
      const { sound, problems } = await verifyRun(path);
      if (sound !== same) unseen.push(at);
      if (!sound && name !== 'run.json') expect(problems.some((problem) => problem.file === name)).toBe(true);
    }
    expect(unseen).toEqual([]);
    if (name.endsWith('.json')) expect(irrelevant).toBeLessThan(whole.length / 13 / 4);
    else expect(irrelevant).toBe(0);
  });

  it('in the name of a hash is seen, which would else pass for one of an early version', async () => {
    for (const [name, hash] of [
      [file, 'provenance_sha256'],
      ['run.json', 'record_sha256'],
    ] as const) {
      const { path } = await copied(single);
      const text = await readFile(join(path, name), 'utf8');
      await writeFile(join(path, name), text.replace(hash, hash.replace('256', '257')));
      expect(await kinds(path)).toEqual([`hash ${name}`]);
    }
  });

  it.each(['run.json', file, file.replace('.json', '.safetensors')])('or missing at the end of %s', async (name) => {
    const { path } = await copied();
    const { length } = await readFile(join(path, name));
    for (const rest of [length - 2, Math.floor(length / 2), 9, 1, 0]) {
      await truncate(join(path, name), rest);
      expect((await verifyRun(path)).sound).toBe(false);
    }
  });
});

describe('a file in the wrong place', () => {
  it('is named: arrays or measurements lost, moved, swapped, half written', async () => {
    const other = 'geometry/pythia-14m/pretrain/step2000';
    const stem = file.replace('.json', '');
    const at = (name: string) => join(copy.path, name);
    let copy = await copied();
    await rm(at(file));
    expect(await verifyRun(copy.path)).toMatchObject({
      problems: [{ file: `${stem}.safetensors`, code: 'stray' }],
      notes: [expect.stringContaining('pythia-14m/pretrain/step1000') as string],
    });
    copy = await copied();
    await rm(at(`${stem}.safetensors`));
    expect(await kinds(copy.path)).toEqual([`arrays ${stem}.safetensors`]);
    copy = await copied();
    await cp(at(`${other}.json`), at(file));
    expect(await kinds(copy.path)).toEqual([`form ${file}`]);
    copy = await copied();
    await cp(at(`${other}.safetensors`), at(`${stem}.safetensors`));
    expect(await kinds(copy.path)).toEqual([`arrays ${stem}.safetensors`]);
    copy = await copied();
    await rename(at('geometry/pythia-14m'), at('geometry/pythia-1b'));
    expect(await kinds(copy.path)).toEqual(
      ['form', 'form'].map((code, i) => `${code} geometry/pythia-1b/pretrain/step${i + 1}000.json`),
    );
  });

  it('may be none of ours, or a temporary: told, no damage', async () => {
    const copy = await copied();
    for (const name of [
      '.tmp-1-ab',
      'geometry/pythia-14m/pretrain/.tmp-2-cd',
      'geometry/notes.txt',
      'figure.svg',
      '.DS_Store',
    ]) {
      await writeFile(join(copy.path, name), '{');
    }
    await mkdir(join(copy.path, 'phases'));
    expect(await verifyRun(copy.path)).toMatchObject({
      ...{ sound: true, problems: [] },
      notes: [
        '2 temporary files of writers that are at work or were killed: geometry/pythia-14m/pretrain/.tmp-2-cd, .tmp-1-ab',
        'not of the run, below geometry/: geometry/notes.txt',
        'not verified yet: phases/',
      ],
    });
    await writeFile(join(copy.path, 'geometry/pythia-14m/pretrain/mine.json'), '{"a":1}');
    expect(await kinds(copy.path)).toEqual(['form geometry/pythia-14m/pretrain/mine.json']);
  });

  it('never hangs or crashes: pipes, folders, links in a circle, files that can not be', async () => {
    const copy = await copied();
    const inside = (name: string) => join(copy.path, 'geometry/pythia-14m/pretrain', name);
    await rm(inside('step1000.safetensors'));
    execFileSync('mkfifo', [inside('step1000.safetensors'), inside('pipe.json')]);
    await mkdir(inside('folder.json'));
    await symlink('..', inside('circle'));
    await symlink('nowhere', inside('broken.json'));
    expect(await kinds(copy.path)).toEqual([
      'form geometry/pythia-14m/pretrain/folder.json',
      'form geometry/pythia-14m/pretrain/pipe.json',
      'arrays geometry/pythia-14m/pretrain/step1000.safetensors',
    ]);
    await rm(join(copy.path, 'run.json'));
    execFileSync('mkfifo', [join(copy.path, 'run.json')]);
    expect((await kinds(copy.path)).at(-1)).toBe('run run.json');
  });
});

describe('run.json', () => {
  const edit = async (change: (record: RunRecord) => void, hashed = true): Promise<Run> => {
    const copy = await copied();
    const record = JSON.parse(await readFile(join(copy.path, 'run.json'), 'utf8')) as RunRecord;
    change(record);
    if (hashed) record.record_sha256 = canonicalSha256({ requests: record.requests, failures: record.failures });
    await writeFile(join(copy.path, 'run.json'), JSON.stringify(record));
    return copy;
  };
  const other = file.replace('1000', '2000');

  it.each<[string, (record: RunRecord) => void, string[]]>([
    ['a step', ({ requests }) => (requests[0]!.series.stages[0]!.checkpoints[0]!.step = 7), [`run ${file}`]],
    ['the rows', ({ requests }) => requests[0]!.corpus.rows!.pop(), [`run ${file}`, `run ${other}`]],
    ['the corpus', ({ requests }) => (requests[0]!.corpus.sha256 = 'f'.repeat(64)), [`run ${file}`, `run ${other}`]],
    ['the position', ({ requests }) => (requests[0]!.options['position'] = 'mean'), [`run ${file}`, `run ${other}`]],
    ['a checkpoint less', ({ requests }) => requests[0]!.series.stages[0]!.checkpoints.pop(), [`run ${other}`]],
    ['no request', (record) => (record.requests = []), [`run ${file}`, `run ${other}`]],
  ])('with another hash, and %s changed, does not fit the measurements', async (_, change, expected) => {
    expect(await kinds((await edit(change)).path)).toEqual(expected);
  });

  it('without its hash, missing, damaged or newer is told, and the measurements are verified all the same', async () => {
    const stripped = await edit((record) => delete record.record_sha256, false);
    expect(await kinds(stripped.path)).toEqual(['hash run.json']);
    for (const [text, message] of [
      [null, 'is missing (expected it beside geometry/)'],
      ['{', 'is not JSON'],
      ['{"format":"eigentrace.run","version":9}', 'made by a newer version'],
      ['[]', 'not a sound run'],
    ] as const) {
      const copy = await copied();
      if (text === null) await rm(join(copy.path, 'run.json'));
      else await writeFile(join(copy.path, 'run.json'), text);
      const found = await verifyRun(copy.path);
      expect(found.problems).toMatchObject([{ file: 'run.json', code: 'run' }]);
      expect(found.problems[0]!.message).toContain(message);
      expect(found.checked.figures).toBeGreaterThan(50);
    }
    await expect(verifyRun(join(folder, 'none'))).rejects.toThrow('no such run');
    await expect(verifyRun(folder)).rejects.toThrow('is not a run');
  });

  it('says which checkpoints failed or are not there', async () => {
    const copy = await edit(({ requests, failures }) => {
      requests[0]!.series.stages[0]!.checkpoints.push({ revision: 'step3', step: 3 }, { revision: 'step4', step: 4 });
      failures.push({
        ...ref,
        revision: 'step4',
        code: 'input',
        message: 'no weights',
        created: '2025-01-02T03:04:05Z',
      });
    });
    expect((await verifyRun(copy.path)).notes).toEqual([
      '1 of the checkpoints asked for has no measurement (never traced, or removed): pythia-14m/pretrain/step3',
      'pretrain/step4 failed: no weights',
    ]);
  });
});
