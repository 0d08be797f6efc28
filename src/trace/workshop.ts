/** What measurements share: the eigensolver's threads and the process of the forward pass, each started when first needed. */
import { EigentraceError } from '../errors.js';
import { ModelProcess } from '../runtime/index.js';
import { openKernel, type Kernel } from '../spectrum/index.js';
import { startThread } from './kernel-threads.js';
import type { MeasureTools } from './measure.js';

export type Phase = 'load' | 'forward' | 'spectrum';

/** Tells a phase's progress; tokens a second of the forward pass so far, null elsewhere. */
export type PhaseListener = (phase: Phase, done: number, of: number, tokensPerSecond: number | null) => void;

export class Workshop {
  readonly #threads: number;
  readonly #scratch: string;
  readonly #signal: AbortSignal | undefined;
  #kernel: Kernel | null = null;
  #child: ModelProcess | null = null;

  /** `scratch`: a folder for scratch files. */
  constructor(threads: number, scratch: string, signal: AbortSignal | undefined) {
    this.#threads = threads;
    this.#scratch = scratch;
    this.#signal = signal;
  }

  /** The eigensolver. */
  get kernel(): Kernel {
    return (this.#kernel ??= openKernel({ startThread, threads: this.#threads }));
  }

  /** The process of the forward pass; one that died is started again. */
  get child(): ModelProcess {
    if (!this.#child || this.#child.dead) this.#child = ModelProcess.start();
    return this.#child;
  }

  /** Tools without a model. */
  spectrumTools(onPhase: PhaseListener): Omit<MeasureTools, 'child'> {
    let started = 0;
    return {
      kernel: this.kernel,
      scratch: this.#scratch,
      signal: this.#signal,
      onPhase: (phase, done, of) => {
        if (phase === 'forward' && done === 0) started = performance.now();
        const seconds = (performance.now() - started) / 1000;
        onPhase(phase, done, of, phase === 'forward' && done > 0 ? done / seconds : null);
      },
    };
  }

  /** All tools. */
  tools(onPhase: PhaseListener): MeasureTools {
    return { ...this.spectrumTools(onPhase), child: this.child };
  }

  /** Ends the sessions of the forward pass, where there are any, and gives their memory back. */
  async releaseChild(): Promise<void> {
    if (this.#child && !this.#child.dead) await this.#child.release();
  }

  async close(): Promise<void> {
    this.#child?.kill(new EigentraceError('interrupted', 'interrupted'));
    await this.#kernel?.close();
  }
}
