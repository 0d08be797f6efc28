/** A context whose streams, signals, clock and library are fakes. */
import { EventEmitter } from 'node:events';
import type { Context } from '../../src/cli/context.js';
import type { CheckpointResult, Library, TracePlan, TraceRequest, TraceResult } from '../../src/cli/library.js';
import type { FollowOptions } from '../../src/index.js';
import { run } from '../../src/cli/run.js';

export class Sink {
  text = '';
  bytes: Uint8Array[] = [];
  isTTY: boolean;
  columns: number;
  constructor(isTTY = false, columns = 100) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(chunk: string | Uint8Array): void {
    if (typeof chunk === 'string') this.text += chunk;
    else this.bytes.push(chunk);
  }
}

export interface World extends Context {
  stdout: Sink;
  stderr: Sink;
  signals: EventEmitter;
  exits: number[];
  /** Milliseconds that the clock shows. */
  time: { ms: number };
  requests: TraceRequest[];
  follows: FollowOptions[];
}

export interface Wishes {
  env?: Record<string, string>;
  /** Content of eigentrace.config.json. */
  config?: unknown;
  tty?: boolean;
  columns?: number;
  library?: Partial<Library>;
}

export function world(wishes: Wishes = {}): World {
  const requests: TraceRequest[] = [];
  const follows: FollowOptions[] = [];
  const exits: number[] = [];
  const time = { ms: 0 };
  const library: Library = {
    trace: (request) => {
      requests.push(request);
      return Promise.resolve(traceResult([checkpoint()]));
    },
    followTrace: (request, options) => {
      requests.push(request);
      follows.push(options);
      return Promise.resolve(traceResult([checkpoint()]));
    },
    planTrace: (request) => {
      requests.push(request);
      return Promise.resolve(plan());
    },
    sweep: () => Promise.reject(new Error('no fake')),
    planSweep: () => Promise.reject(new Error('no fake')),
    memorize: () => Promise.reject(new Error('no fake')),
    represent: (request) => Promise.resolve({ path: request.out, tensors: { final: [600, 128], lengths: [600] } }),
    inspect: () => Promise.reject(new Error('no fake')),
    makeSeries: () => Promise.reject(new Error('no fake')),
    auditSeries: () => Promise.reject(new Error('no fake')),
    evaluate: () => Promise.reject(new Error('no fake')),
    ablate: () => Promise.reject(new Error('no fake')),
    directions: () => Promise.reject(new Error('no fake')),
    directionsOf: () => {
      throw new Error('no fake');
    },
    generate: () => Promise.reject(new Error('no fake')),
    listTasks: () => Promise.resolve([{ name: 'sciq', version: '1.0', kind: 'choice', title: 'SciQ', same: null }]),
    exportRun: (_, { out }) =>
      Promise.resolve({ path: out, content: out === null ? Buffer.from('step\r\n1\r\n') : null, notes: [] }),
    findPhases: () => Promise.reject(new Error('no fake')),
    compareRuns: () => Promise.reject(new Error('no fake')),
    relateRuns: () => Promise.reject(new Error('no fake')),
    exportRelations: () => Promise.reject(new Error('no fake')),
    exportFigure: (_, { out }) =>
      Promise.resolve({
        path: out,
        content: out === null ? Buffer.from('<svg/>') : null,
        title: 'T',
        description: 'D',
        notes: [],
      }),
    verifyRun: () => Promise.reject(new Error('no fake')),
    importPublished: (_, { out, stage }) =>
      Promise.resolve({ out, series: 'tiny', stage, revisions: ['step0', 'step512'], sha256: 'a'.repeat(64) }),
    writeReport: (_, path) => Promise.resolve({ path, bytes: 654_321, notes: [] }),
    refreshReport: (run) => Promise.resolve({ path: `${run}/report.html`, bytes: 654_321, notes: [], written: true }),
    startServer: (_, { port }) =>
      Promise.resolve({ url: `http://127.0.0.1:${port}/`, port, close: () => Promise.resolve() }),
    openBrowser: () => Promise.resolve(true),
    demoRequest: (out) => ({ ...request, out }),
    diagnose: () => Promise.resolve({ facts: [{ name: 'node', value: '20.19.0', ok: true, hint: null }], ready: true }),
    buildIndex: () => Promise.reject(new Error('no fake')),
    verifyIndex: () => Promise.reject(new Error('no fake')),
    openQueries: () => Promise.reject(new Error('no fake')),
    definitions: [
      {
        ...{ id: 'rankme', name: 'RankMe', formula: 'exp(−Σ p ln p)', source: 'arXiv 2509.23024', unit: '1' },
        ...{ inputs: ['eigenvalues', 'rows'], range: '[1, d]', notes: 'Reads low when N is small.' },
      },
      {
        ...{ id: 'mean_norm', name: 'norm of the mean', formula: '‖x̄‖', source: 'ours', unit: 'length' },
        ...{ inputs: ['rows'], range: '≥ 0', notes: '' },
      },
    ],
    kindOf: () => Promise.resolve(wishes.config === undefined ? null : 'file'),
    readJson: () => Promise.resolve(wishes.config),
    ...wishes.library,
  };
  return {
    stdout: new Sink(wishes.tty, wishes.columns),
    stderr: new Sink(wishes.tty, wishes.columns),
    env: wishes.env ?? {},
    cwd: '/somewhere',
    signals: new EventEmitter(),
    exits,
    exit: (status) => exits.push(status),
    time,
    clock: { now: () => time.ms, every: () => () => undefined },
    library: () => Promise.resolve(library),
    requests,
    follows,
  };
}

/** Runs a command line, split at spaces. */
export async function type(line: string, wishes: Wishes = {}): Promise<{ status: number } & World> {
  const w = world(wishes);
  const status = await run(
    line.split(' ').filter((word) => word !== ''),
    w,
    '1.2.3',
  );
  return { status, ...w };
}

const request: TraceRequest = {
  series: 'sample/series.json',
  corpus: 'sample:',
  features: null,
  out: 'run',
  revisions: 'all',
  tokensPerStep: null,
  field: 'text',
  sequences: 600,
  minTokens: 32,
  maxTokens: 128,
  seed: null,
  rows: null,
  position: 'last',
  layers: 'final',
  errors: 'jackknife',
  alphaRange: [12, 100],
  nll: false,
  control: [],
  controlSeed: 0,
  saveFeatures: false,
  device: 'cpu',
  memory: null,
  threads: 2,
  force: false,
};

export function checkpoint(changes: Partial<CheckpointResult> = {}): CheckpointResult {
  return {
    stage: 'pretrain',
    revision: 'step512',
    step: 512,
    tokens: 1_073_741_824,
    state: 'measured',
    error: null,
    seconds: 10,
    path: 'run/geometry/s/pretrain/step512.json',
    layers: { final: { rankme: 101.34, rankme_se: 1.23, alpha: 1.021, alpha_se: 0.0199, r2: 0.9871 } },
    reasons: {},
    n: 15_000,
    d: 768,
    flags: [],
    ...changes,
  };
}

export function traceResult(results: CheckpointResult[], interrupted = false): TraceResult {
  return { run: 'run', results, interrupted };
}

export function plan(changes: Partial<TracePlan> = {}): TracePlan {
  return {
    series: 'checkpoints',
    checkpoints: [
      { stage: 'pretrain', revision: 'step0', step: 0, tokens: 0, reused: true, bytes: 2 ** 20, problem: null },
      {
        stage: 'pretrain',
        revision: 'step512',
        step: 512,
        tokens: 2 ** 30,
        reused: false,
        bytes: 2 ** 20,
        problem: null,
      },
      {
        stage: 'pretrain',
        revision: 'step1000',
        step: 1000,
        tokens: null,
        reused: false,
        bytes: 2 ** 20,
        problem: null,
      },
      {
        stage: 'pretrain',
        revision: 'step2000',
        step: 2000,
        tokens: null,
        reused: false,
        bytes: 0,
        problem: 'no weights',
      },
    ],
    corpus: { name: 'heldout.jsonl', asked: 600, found: 512, tokens: 34_500 },
    rows: { n: 512, d: 768 },
    flops: { forward: 62.1e9, spectrum: 1.4e9 },
    bytesToRead: 2 * 2 ** 20,
    seconds: 42,
    peakMemory: 1.5 * 2 ** 30,
    differences: ['filter.maxTokens: 512 → 128'],
    notes: ['folder logs: no config.json, skipped'],
    ...changes,
  };
}
