/**
 * What this machine has that a trace needs: Node, cores, memory, onnxruntime and its execution providers, WebAssembly
 * SIMD and threads, folders that can be written, the Hub's variables. Tokens are only said to be set, never shown.
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { remove, writeAtomic } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { cacheFolder } from './cache.js';

/** The part of WebAssembly that is asked; TypeScript has its types in the browser's library only. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean;
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => { readonly buffer: unknown };
};

export interface DiagnosisFact {
  readonly name: string;
  readonly value: string;
  /** Whether it is as it should be; null for what is neither good nor bad. */
  readonly ok: boolean | null;
  /** What to do about it, or null. */
  readonly hint: string | null;
}

export interface Diagnosis {
  readonly facts: DiagnosisFact[];
  /** False when something that every trace needs is missing. */
  readonly ready: boolean;
}

/** Looks at this machine. Writes and removes one small file in each folder that must be writable; never rejects. */
export async function diagnose(): Promise<Diagnosis> {
  const facts: DiagnosisFact[] = [
    nodeVersion(),
    fact('platform', `${platform()} ${release()}, ${arch()}`),
    fact('processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores available`),
    memory(),
    ...(await onnxruntime()),
    simd(),
    wasmThreads(),
    await folder('temporary folder', tmpdir()),
    await folder('cache folder', cacheFolder()),
    ...hubVariables(),
  ];
  return { facts, ready: facts.every(({ ok, name }) => ok !== false || optional.has(name)) };
}

/** What a trace does without, only slower or with less kept. */
const optional = new Set(['WebAssembly SIMD', 'WebAssembly threads', 'cache folder', 'memory']);

const gibibyte = 2 ** 30;

function fact(name: string, value: string, ok: boolean | null = null, hint: string | null = null): DiagnosisFact {
  return { name, value, ok, hint };
}

function nodeVersion(): DiagnosisFact {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return fact('node', process.versions.node, ok, ok ? null : 'eigentrace needs Node 20.19 or newer');
}

function memory(): DiagnosisFact {
  // Unlike os.freemem(), this knows of a container's limit and counts what the system can reclaim.
  const available = process.availableMemory();
  const gib = (bytes: number) => (bytes / gibibyte).toFixed(1);
  const ok = available >= 2 * gibibyte;
  const hint = ok ? null : 'a trace takes about 2.2 times the weights of a checkpoint and 1 GiB';
  return fact('memory', `${gib(available)} GiB available of ${gib(totalmem())} GiB`, ok, hint);
}

async function onnxruntime(): Promise<DiagnosisFact[]> {
  try {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    const { listSupportedBackends } = await import('onnxruntime-node');
    const backends = listSupportedBackends();
    const providers = backends.map(({ name, bundled }) => (bundled ? name : `${name} (its library is not bundled)`));
    const hasCpu = backends.some(({ name }) => name === 'cpu');
    return [fact('onnxruntime', version, true), fact('execution providers', providers.join(', '), hasCpu)];
  } catch (error) {
    const hint = 'run `npm ci` again; on an unusual platform onnxruntime-node may have no library';
    return [fact('onnxruntime', `cannot be loaded: ${messageOf(error)}`, false, hint)];
  }
}

function simd(): DiagnosisFact {
  // (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)
  const code = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253];
  const ok = WebAssembly.validate(new Uint8Array([...code, 98, 11]));
  return fact(
    'WebAssembly SIMD',
    ok ? 'yes' : 'no',
    ok,
    ok ? null : 'the eigensolver runs in plain JavaScript, slower',
  );
}

function wasmThreads(): DiagnosisFact {
  let ok = false;
  try {
    ok = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    // Shared memory is missing: the fact says so.
  }
  return fact('WebAssembly threads', ok ? 'yes' : 'no', ok, ok ? null : 'the eigensolver runs on one thread');
}

async function folder(name: string, path: string): Promise<DiagnosisFact> {
  const probe = join(path, `eigentrace-doctor-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await writeAtomic(probe, 'eigentrace');
    return fact(name, `${path}, writable`, true);
  } catch (error) {
    return fact(name, `${path}: ${messageOf(error)}`, false, `make ${path} writable, or free some space`);
  } finally {
    await remove(probe).catch(() => undefined);
  }
}

function hubVariables(): DiagnosisFact[] {
  return ['HF_TOKEN', 'HF_HOME', 'HF_HUB_CACHE', 'HF_ENDPOINT', 'HF_HUB_OFFLINE'].flatMap((name) => {
    const value = process.env[name];
    if (value === undefined || value === '') return [];
    return [fact(name, name === 'HF_TOKEN' ? 'set' : value)];
  });
}
