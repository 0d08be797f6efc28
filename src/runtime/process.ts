/**
 * The parent's side of the child that runs onnxruntime: starts it, sends graphs and batches, turns its death
 * into an error that names the checkpoint. Nothing here blocks, so timers fire and Ctrl-C is heard at once.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EigentraceError } from '../errors.js';
import type { ModelGraph } from '../models/index.js';
import type {
  Envelope,
  ForwardMessage,
  ForwardReply,
  ProbeReply,
  Reply,
  Request,
  ScoreMessage,
  ScoreReply,
  Slot,
} from './protocol.js';
import type { CacheMessage, ChooseMessage, Choosing, StepMessage } from './cache-message.js';
import type { TensorData } from './run-message.js';

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

export class ModelProcess {
  /** What errors call the work under way. */
  label = 'forward pass';
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #ended: EigentraceError | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: Reply) => this.#settle(reply));
    child.on('error', (error) => this.#fail(new EigentraceError('input', `${this.label}: ${error.message}`)));
    child.on('exit', (code, signal) => this.#fail(this.#obituary(code, signal)));
  }

  static start(): ModelProcess {
    const child = fork(childPath(), [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Large blocks go back to the system when a session is released, instead of staying in the heap.
      env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '65536', NODE_OPTIONS: '' },
    });
    return new ModelProcess(child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether the child has died; a dead one can't be used again. */
  get dead(): boolean {
    return this.#ended !== null;
  }

  /** Loads a graph; weights are mapped and laid out for the machine's products. */
  async load(slot: Slot, graph: ModelGraph, threads: number, device = 'cpu'): Promise<void> {
    await this.#ask({ op: 'load', slot, bytes: graph.bytes, folder: graph.folder, threads, device });
  }

  /** Runs a batch through the graph in `slot`. */
  async forward(
    batch: Omit<ForwardMessage, 'op' | 'slot'>,
    slot: ForwardMessage['slot'] = 'states',
  ): Promise<ForwardReply> {
    return (await this.#ask({ op: 'forward', slot, ...batch })) as ForwardReply;
  }

  /** Runs the graph in `slot` on named tensors; answers with its outputs. */
  async run(slot: Slot, feeds: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<string, TensorData>>> {
    return (await this.#ask({ op: 'run', slot, feeds })) as Record<string, TensorData>;
  }

  /** Runs the head slot on kept states. */
  async score(batch: Omit<ScoreMessage, 'op'>): Promise<ScoreReply> {
    return (await this.#ask({ op: 'score', ...batch })) as ScoreReply;
  }

  /** Runs new tokens through `tree` or `cached`; answers with the states of the asked rows, (R, d). */
  async step(message: Omit<StepMessage, 'op' | 'choose'>): Promise<Float32Array> {
    return (await this.#ask({ op: 'step', ...message, choose: null })) as Float32Array;
  }

  /** The same; answers with the token that the head in `head` chooses after each asked row, (R). */
  async next(message: Omit<StepMessage, 'op' | 'choose'>, choose: Choosing): Promise<Int32Array> {
    return (await this.#ask({ op: 'step', ...message, choose })) as Int32Array;
  }

  /** The tokens that the head in `head` chooses after states (R, d). */
  async choose(message: Omit<ChooseMessage, 'op'>): Promise<Int32Array> {
    return (await this.#ask({ op: 'choose', ...message })) as Int32Array;
  }

  /** Copies some sequences of a cache, or drops it. */
  async cache(message: Omit<CacheMessage, 'op'>): Promise<void> {
    await this.#ask({ op: 'cache', ...message });
  }

  /** Ends the sessions, or one of them, and gives their memory back. */
  async release(slot: Slot | null = null): Promise<void> {
    await this.#ask({ op: 'release', slot });
  }

  /** Milliseconds of `repeats` runs of the head slot on (rows, width) random states. */
  async time(rows: number, width: number, repeats: number): Promise<number[]> {
    return (await this.#ask({ op: 'time', rows, width, repeats })) as number[];
  }

  async probe(): Promise<ProbeReply> {
    return (await this.#ask({ op: 'probe' })) as ProbeReply;
  }

  /** Ends the child at once, whatever it does; what was asked and not answered is rejected with `reason`. */
  kill(reason: EigentraceError): void {
    this.#fail(reason);
    this.#child.kill('SIGKILL');
  }

  #ask(request: Request): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, ...request } satisfies Envelope, (error) => {
        if (error) this.#fail(new EigentraceError('input', `${this.label}: ${error.message}`));
      });
    });
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) pending?.resolve(reply.result);
    else pending?.reject(new EigentraceError('input', `${this.label}: ${reply.error}`));
  }

  #fail(error: EigentraceError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }

  #obituary(code: number | null, signal: NodeJS.Signals | null): EigentraceError {
    const causes: Partial<Record<NodeJS.Signals, string>> = {
      SIGBUS: 'a weight file was truncated while it was being read',
      SIGKILL: 'the system killed it, most likely for memory',
    };
    const how = signal ? `${signal}${causes[signal] ? `: ${causes[signal]}` : ''}` : `exit status ${String(code)}`;
    return new EigentraceError('input', `${this.label}: the forward pass died, ${how}`);
  }
}

/** Node can't fork TypeScript: from the sources, the built child is used. */
function childPath(): string {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/runtime/child.js' : './child.js';
  return fileURLToPath(new URL(built, import.meta.url));
}
