/** Measurements that several processes write at once, or that one was killed in. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkMeasurement,
  findReusable,
  listMeasurements,
  openRun,
  readArrays,
  readMeasurement,
  writeMeasurement,
  type Run,
} from '../../src/record/index.js';
import { compileRecord } from './compiled.js';
import { draft, keyParts, temporaryFolder } from './fixture.js';

const ref = draft();
const newRun = async (): Promise<Run> => openRun(await temporaryFolder(), { create: true });

describe('processes', () => {
  let compiled: string;
  let script: string;
  beforeAll(async () => {
    compiled = await compileRecord();
    script = join(compiled, 'writer.mjs');
    const { layers, ...plain } = draft();
    await writeFile(
      script,
      `import { openRun, writeMeasurement } from './record/index.js';
       const [path, seed] = process.argv.slice(2);
       const run = await openRun(path, { create: true });
       const { arrays, ...layer } = ${JSON.stringify(layers['final'])};
       for (let i = 0; i < 40; i++) {
         const value = Number(seed) + i;
         const final = { ...layer, figures: { rankme: value }, arrays: { eigenvalues: new Float64Array(20_000).fill(value) } };
         await writeMeasurement(run, { ...${JSON.stringify(plain)}, layers: { final } });
         process.send(i);
       }`,
    );
  });
  afterAll(() => rm(compiled, { recursive: true }));

  it('that measure the same checkpoint at once leave one whole pair', async () => {
    const run = await newRun();
    const children = ['1000', '2000'].map((seed) => fork(script, [run.path, seed], { execArgv: [] }));
    const exits = Promise.all(children.map((child) => once(child, 'exit')));
    const writing = exits.then(() => true);
    let pairs = 0;
    while (!(await Promise.race([writing, sleep(2, false)]))) {
      if ((await readMeasurement(run, ref)) !== null) pairs++;
    }
    expect((await exits).map(([code]) => code as number)).toEqual([0, 0]);
    expect(pairs).toBeGreaterThan(0);
    expect(await checkMeasurement(run, ref)).toEqual([]);
    const value = (await readMeasurement(run, ref))!.measurement.layers['final']!['rankme'];
    expect((await readArrays(run, ref)).get('eigenvalues.final')!.data[0]).toBe(value);
    expect(await readdir(`${run.path}/geometry/pythia-14m/pretrain`)).toHaveLength(2);
  });

  it('killed at any moment leave a run that reads, and that the next one goes on with', async () => {
    const run = await newRun();
    for (let round = 0; round < 6; round++) {
      const child = fork(script, [run.path, '0'], { execArgv: [] });
      await once(child, 'message');
      await sleep(round * 4);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const listing = await listMeasurements(await openRun(run.path, { create: true }));
      expect(listing.problems).toEqual([]);
      const { stored, note } = await findReusable(run, ref, keyParts);
      // Between the two renames the new arrays lie beside the old JSON: absent, with a note.
      if (stored === null) expect(note).toContain('arrays were changed');
      else expect(await checkMeasurement(run, ref)).toEqual([]);
    }
    await writeMeasurement(run, draft());
    expect((await findReusable(run, ref, keyParts)).note).toBeNull();
  });
});
