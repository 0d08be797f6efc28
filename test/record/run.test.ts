import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../src/bytes/index.js';
import { addFailure, addRequest, canonicalSha256, openRun, variantName } from '../../src/record/index.js';
import { compileRecord } from './compiled.js';
import { request, temporaryFolder } from './fixture.js';

const failure = {
  ...{ series: 'pythia-14m', stage: 'pretrain', revision: 'step1000', variant: null },
  ...{ code: 'input', message: 'model.safetensors: truncated', created: '2025-01-02T03:04:05Z' },
};

describe('openRun', () => {
  it('makes a run, and opens it again as it is', async () => {
    const path = join(await temporaryFolder(), 'a', 'run');
    const run = await openRun(path, { create: true });
    const empty = createHash('sha256').update('{"failures":[],"requests":[]}').digest('hex');
    expect(run.record).toEqual({
      ...{ format: 'eigentrace.run', version: 1, requests: [], failures: [], record_sha256: empty },
    });
    await addRequest(run, request());
    const text = await readFile(`${path}/run.json`, 'utf8');
    expect(JSON.parse(text)).toEqual({ ...run.record, requests: [request()] });
    expect((await openRun(path)).record.requests).toEqual([request()]);
    expect((await openRun(path, { create: true })).record.requests).toEqual([request()]);
    expect(await readFile(`${path}/run.json`, 'utf8')).toBe(text);
    expect(await readdir(path)).toEqual(['run.json']);
  });

  it('writes nothing without create, and says what is wrong', async () => {
    const folder = await temporaryFolder();
    await expect(openRun(`${folder}/none`)).rejects.toThrow(
      `${folder}/none: no such run (expected a folder that 'eigentrace trace --out' made)`,
    );
    await expect(openRun(folder)).rejects.toThrow('is not a run, it has no run.json');
    await writeFile(`${folder}/file`, '');
    await expect(openRun(`${folder}/file`, { create: true })).rejects.toThrow(
      `${folder}/file: is a file (expected a folder for the run)`,
    );
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('refuses a folder of other things, not one that only a desktop has touched', async () => {
    const folder = await temporaryFolder();
    await writeFile(`${folder}/.DS_Store`, '');
    await openRun(folder, { create: true });
    const other = await temporaryFolder();
    for (const name of ['thesis.tex', 'a', 'b', 'c']) await writeFile(`${other}/${name}`, '');
    await expect(openRun(other, { create: true })).rejects.toThrow(
      `${other}: holds other files and no run.json, got a, b, c, … (expected a run, or an empty or new folder)`,
    );
    expect(await readdir(other)).toHaveLength(4);
  });

  it('says that it is not writable', async () => {
    const folder = await temporaryFolder();
    await writeFile(`${folder}/file`, '');
    await expect(openRun(`${folder}/file/run`, { create: true })).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(
        /file\/run: the run can't be written, got '.*is not a folder' \(expected/,
      ) as string,
    });
    // A run that is there, whose lock can't be made.
    const path = `${folder}/run`;
    await openRun(path, { create: true });
    await mkdir(`${path}/.run.lock`);
    await expect(openRun(path, { create: true })).rejects.toThrow(`${path}: the run can't be written`);
    await expect(openRun(path)).resolves.toMatchObject({ path });
  });

  it('refuses a newer version and a damaged file, and leaves both alone', async () => {
    const path = await temporaryFolder();
    const file = `${path}/run.json`;
    const cases = {
      '{"format":"eigentrace.run","version":2}': `${file}: made by a newer version of eigentrace, got format version 2 (expected at most 1); update eigentrace`,
      '{"format":"eigentrace.run","version":1,"requests":[],': `${file}: is not JSON`,
      '{"format":"eigentrace.run","version":1,"requests":{},"failures":[]}': `${file}: not a sound run, requests: `,
      '{"hello":1}': `${file}: not a sound run, format: `,
    };
    for (const [text, message] of Object.entries(cases)) {
      await writeFile(file, text);
      await expect(openRun(path)).rejects.toThrow(message);
      await expect(openRun(path, { create: true })).rejects.toThrow(message);
      expect(await readFile(file, 'utf8')).toBe(text);
    }
  });

  it('keeps what it does not know', async () => {
    const path = await temporaryFolder();
    const text = '{"format":"eigentrace.run","version":1,"requests":[],"failures":[],"later":{"a":1}}';
    await writeFile(`${path}/run.json`, text);
    await addRequest(await openRun(path), request());
    expect(JSON.parse(await readFile(`${path}/run.json`, 'utf8'))).toMatchObject({ later: { a: 1 } });
  });

  it('gives an early record its hash, and puts none over what was edited since', async () => {
    const path = await temporaryFolder();
    const file = `${path}/run.json`;
    await writeFile(file, '{"format":"eigentrace.run","version":1,"requests":[],"failures":[]}');
    const run = await openRun(path, { create: true });
    await addRequest(run, request());
    const text = await readFile(file, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ record_sha256: canonicalSha256({ requests: [request()], failures: [] }) });
    const edited = text.replace('"maxTokens": 512', '"maxTokens": 128');
    await writeFile(file, edited);
    for (const attempt of [() => openRun(path, { create: true }), () => addFailure(run, failure)]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'integrity',
        message: expect.stringMatching(
          /run\.json: was changed after it was written, .*take its record_sha256 out/,
        ) as string,
      });
    }
    expect(await readFile(file, 'utf8')).toBe(edited);
    await writeFile(file, edited.replace(/,\s*"record_sha256": "[0-9a-f]+"/, ''));
    await addFailure(run, failure);
    expect(run.record).toMatchObject({ requests: [{ options: { maxTokens: 128 } }], failures: [failure] });
  });

  it('sweeps the temporaries of killed writers, not those of living ones', async () => {
    const path = await temporaryFolder();
    await openRun(path, { create: true });
    const folder = `${path}/geometry/s/pretrain`;
    await mkdir(folder, { recursive: true });
    for (const name of ['.tmp-1-old', '.tmp-2-new']) await writeFile(`${folder}/${name}`, 'half');
    await utimes(`${folder}/.tmp-1-old`, new Date(0), new Date(0));
    await openRun(path, { create: true });
    expect(await readdir(folder)).toEqual(['.tmp-2-new']);
  });
});

describe('requests and failures', () => {
  it('adds the same request once, whenever it was made, and keeps another process’s', async () => {
    const path = await temporaryFolder();
    const [a, b] = [await openRun(path, { create: true }), await openRun(path, { create: true })];
    await addRequest(a, request());
    await addRequest(b, request({ created: '2026-01-01T00:00:00Z', versions: { eigentrace: '9' } }));
    await addRequest(b, request({ variant: 'abc', options: { maxTokens: 128 } }));
    await addRequest(a, request({ variant: 'def' }));
    expect((await openRun(path)).record.requests.map(({ variant }) => variant)).toEqual([null, 'abc', 'def']);
  });

  it('notes a failure once a checkpoint', async () => {
    const run = await openRun(await temporaryFolder(), { create: true });
    await addFailure(run, failure);
    await addFailure(run, { ...failure, message: 'other' });
    await addFailure(run, { ...failure, revision: 'step2' });
    expect((await openRun(run.path)).record.failures.map(({ message }) => message)).toEqual(['other', failure.message]);
  });

  it('names a variant by its options', () => {
    expect(variantName({ b: 1, a: 2 })).toBe(variantName({ a: 2, b: 1 }));
    expect(variantName({ a: 2 })).toMatch(/^[0-9a-f]{10}$/);
  });
});

describe('withLock', () => {
  it('lets one in at a time and is free after an error', async () => {
    const path = join(await temporaryFolder(), 'lock');
    let inside = 0;
    const one = async () => {
      expect(++inside).toBe(1);
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, one)));
    await expect(withLock(path, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await withLock(path, one);
  });

  it('takes over from a process that is gone at once, from an unknown holder after its patience', async () => {
    const path = join(await temporaryFolder(), 'lock');
    const child = fork('-e', [], { execArgv: [], silent: true });
    const gone = child.pid!;
    await once(child, 'exit');
    const start = performance.now();
    await writeFile(path, JSON.stringify({ pid: gone, host: hostname(), token: 'x' }));
    await Promise.all([1, 2, 3].map(() => withLock(path, () => Promise.resolve())));
    expect(performance.now() - start).toBeLessThan(5000);
    for (const holder of ['', JSON.stringify({ pid: 1, host: 'elsewhere', token: 'x' })]) {
      await writeFile(path, holder);
      const before = performance.now();
      await withLock(path, () => Promise.resolve(), { patience: 200 });
      expect(performance.now() - before).toBeGreaterThanOrEqual(200);
    }
  });
});

describe('two processes on one run', () => {
  it('lose no request and never show half a file', async () => {
    const compiled = await compileRecord();
    const path = join(await temporaryFolder(), 'run');
    const script = join(compiled, 'writer.mjs');
    await writeFile(
      script,
      `import { addRequest, openRun } from './record/index.js';
       const [name, path, request] = process.argv.slice(2);
       const run = await openRun(path, { create: true });
       for (let i = 0; i < 12; i++) {
         await addRequest(run, { ...JSON.parse(request), variant: name + i });
       }`,
    );
    const children = ['a', 'b'].map((name) => fork(script, [name, path, JSON.stringify(request())], { execArgv: [] }));
    const exits = Promise.all(children.map((child) => once(child, 'exit')));
    const writing = exits.then(() => true);
    let reads = 0;
    while (!(await Promise.race([writing, sleep(1, false)]))) {
      const text = await readFile(`${path}/run.json`, 'utf8').catch(() => null);
      if (text === null) continue;
      expect(JSON.parse(text)).toMatchObject({ format: 'eigentrace.run' });
      reads++;
    }
    expect((await exits).map(([code]) => code as number)).toEqual([0, 0]);
    expect(reads).toBeGreaterThan(0);
    const variants = (await openRun(path)).record.requests.map(({ variant }) => variant).sort();
    const expected = ['a', 'b'].flatMap((name) => Array.from({ length: 12 }, (_, i) => `${name}${i}`));
    expect(variants).toEqual(expected.sort());
    expect(await readdir(path)).toEqual(['run.json']);
    await rm(compiled, { recursive: true });
  });
});
