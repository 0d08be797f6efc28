/**
 * The child process that runs onnxruntime. `create` and `run` block the event loop, and a thread inside `run` can't
 * be ended without ending the process, so the forward pass has a process of its own that can be killed at any time.
 * It ignores SIGINT (the parent decides) and dies with its parent.
 */
import { Worker } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { readText } from '../bytes/index.js';
import { Caches } from './child-cache.js';
import { chooseTokens } from './child-choice.js';
import { runGraph } from './child-run.js';
import type { StepMessage } from './cache-message.js';
import { runHead, score } from './head.js';
import type {
  Envelope,
  ForwardMessage,
  ForwardReply,
  LoadMessage,
  StatePick,
  ProbeReply,
  ReleaseMessage,
  Reply,
  Request,
  Slot,
  TimeMessage,
} from './protocol.js';

const sessions = new Map<Slot, ort.InferenceSession>();
const caches = new Caches();

async function handle(message: Request): Promise<unknown> {
  switch (message.op) {
    case 'load':
      return load(message);
    case 'forward':
      return forward(message);
    case 'score':
      return score(headSession(), message);
    case 'release':
      return release(message);
    case 'time':
      return time(message);
    case 'probe':
      return probe();
    case 'run':
      return runGraph(sessions.get(message.slot), message);
    case 'step':
      return step(message);
    case 'choose':
      return chooseTokens(headSession(), message);
    case 'cache':
      return caches.change(message);
  }
}

async function step(message: StepMessage): Promise<Float32Array | Int32Array> {
  const states = await caches.step(sessions.get(message.slot), message);
  const { choose, rows } = message;
  if (!choose) return states;
  return await chooseTokens(headSession(), { ...choose, states, width: (2 * states.length) / rows.length });
}

function headSession(): ort.InferenceSession {
  const session = sessions.get('head');
  if (!session) throw new Error('internal: the head was asked for but is not loaded');
  return session;
}

async function release({ slot }: Pick<ReleaseMessage, 'slot'>): Promise<null> {
  for (const [name, session] of sessions) {
    if (slot !== null && name !== slot) continue;
    await session.release();
    sessions.delete(name);
  }
  return null;
}

async function load({ slot, bytes, folder, threads, device }: LoadMessage): Promise<null> {
  await release({ slot });
  const session = await ort.InferenceSession.create(bytes, {
    // What another device can't run falls back to the CPU, operator by operator.
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Every bucket has another shape: a plan of memory for each would only grow.
    enableMemPattern: false,
    // Errors come back as errors; what it would print besides is noise.
    logSeverityLevel: 4,
    // Threads that wait by spinning after a run take the cores from the next session's run, and from the parent.
    extra: { session: { model_external_initializers_file_folder_path: folder, force_spinning_stop: '1' } },
  });
  sessions.set(slot, session);
  return null;
}

async function forward(message: ForwardMessage): Promise<ForwardReply> {
  const session = sessions.get(message.slot);
  if (!session) throw new Error('internal: no graph is loaded');
  const { ids, lengths } = message;
  const B = lengths.length;
  const T = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  const padded = new BigInt64Array(B * T);
  const last = new BigInt64Array(B);
  for (let b = 0, from = 0; b < B; b++) {
    const length = lengths[b]!;
    for (let t = 0; t < length; t++) padded[b * T + t] = BigInt(ids[from + t]!);
    last[b] = BigInt(length - 1);
    from += length;
  }
  const makers: Record<string, () => ort.Tensor> = {
    ids: () => new ort.Tensor('int64', padded, [B, T]),
    last: () => new ort.Tensor('int64', last, [B, 1]),
    lengths: () => new ort.Tensor('int32', Int32Array.from(last, Number), [B]),
    total: () => new ort.Tensor('int32', Int32Array.of(T), []),
    weights: () => new ort.Tensor('float32', meanWeights(lengths, T), [B, 1, T]),
    arriving: () => withPadding(message.hidden!, lengths, T),
  };
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, makers[name]!()]));
  const outputs = await session.run(feeds);
  const states: Record<string, Float32Array> = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    if (name === 'tokens' || name === 'hidden') continue;
    const data = tensor.data as Float32Array;
    const picks = message.picks?.[name];
    states[name] = picks
      ? picked(data, lengths, T, picks)
      : message.everyToken
        ? withoutPadding(data, lengths, T)
        : data;
  }
  let head: Float32Array | null = null;
  if (message.head !== 'none') {
    const tokens = outputs['tokens'];
    if (!tokens) throw new Error('internal: the head was asked for but no tokens were');
    head = await runHead(headSession(), tokens.data as Float32Array, message, T);
  }
  const onward = message.onward ? (outputs['hidden'] ?? outputs['tokens']) : undefined;
  const hidden = onward ? withoutPadding(onward.data as Float32Array, lengths, T) : null;
  for (const tensor of Object.values(outputs)) tensor.dispose();
  return { states, head, hidden };
}

/** 1/length on real tokens, 0 on padding: (B, T). */
function meanWeights(lengths: Int32Array, T: number): Float32Array {
  const weights = new Float32Array(lengths.length * T);
  lengths.forEach((length, b) => weights.fill(1 / length, b * T, b * T + length));
  return weights;
}

/** (B, T, d) → (tokens, d), real tokens in order. */
function withoutPadding(data: Float32Array, lengths: Int32Array, T: number): Float32Array {
  const d = data.length / (lengths.length * T);
  const rows = new Float32Array(lengths.reduce((sum, length) => sum + length, 0) * d);
  let to = 0;
  lengths.forEach((length, b) => {
    rows.set(data.subarray(b * T * d, (b * T + length) * d), to);
    to += length * d;
  });
  return rows;
}

/** (B, T, d) → (B·P, d): each sequence's picks, in order. Means are summed in float64. */
function picked(data: Float32Array, lengths: Int32Array, T: number, picks: readonly StatePick[]): Float32Array {
  const d = data.length / (lengths.length * T);
  const rows = new Float32Array(lengths.length * picks.length * d);
  let to = 0;
  lengths.forEach((length, b) => {
    for (const { position, tokens } of picks) {
      const count = Math.min(length, tokens);
      const from = b * T * d;
      if (position === 'last') rows.set(data.subarray(from + (count - 1) * d, from + count * d), to);
      else {
        const sums = new Float64Array(d);
        for (let t = 0; t < count; t++) for (let j = 0; j < d; j++) sums[j]! += data[from + t * d + j]!;
        for (let j = 0; j < d; j++) rows[to + j] = sums[j]! / count;
      }
      to += d;
    }
  });
  return rows;
}

/** (tokens, d) → (B, T, d), zeros on padding. */
function withPadding(rows: Float32Array, lengths: Int32Array, T: number): ort.Tensor {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const d = rows.length / tokens;
  // Nothing to pad: the rows are the batch as they are.
  const whole = tokens === lengths.length * T;
  const data = whole ? rows : new Float32Array(lengths.length * T * d);
  if (!whole) {
    let from = 0;
    lengths.forEach((length, b) => {
      data.set(rows.subarray(from, from + length * d), b * T * d);
      from += length * d;
    });
  }
  return new ort.Tensor('float32', data, [lengths.length, T, d]);
}

async function time({ rows, width, repeats }: TimeMessage): Promise<number[]> {
  const session = sessions.get('head');
  if (!session) throw new Error('internal: no graph is loaded');
  const states = new ort.Tensor('float32', Float32Array.from({ length: rows * width }, Math.random), [rows, width]);
  const runs: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    const outputs = await session.run({ states });
    runs.push(performance.now() - start);
    for (const tensor of Object.values(outputs)) tensor.dispose();
  }
  return runs;
}

/** VmHWM is Linux's; elsewhere the peak is not known. */
async function probe(): Promise<ProbeReply> {
  let peak: number | null = null;
  try {
    const match = /^VmHWM:\s*(\d+) kB$/m.exec(await readText('/proc/self/status'));
    if (match) peak = Number(match[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return { resident: process.memoryUsage.rss(), peak };
}

// Stop only when the parent says so: a terminal sends Ctrl-C to the whole group.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
// A parent that was killed can't say so, and a long run would not hear it: a thread watches instead.
const parent = process.ppid;
new Worker(
  `const { workerData: parent } = require('node:worker_threads');
   setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);`,
  { eval: true, workerData: parent },
).unref();

process.on('message', (envelope: Envelope) => {
  handle(envelope).then(
    (result) => process.send?.({ id: envelope.id, ok: true, result } satisfies Reply),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      process.send?.({ id: envelope.id, ok: false, error: text } satisfies Reply);
    },
  );
});
