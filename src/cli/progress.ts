/**
 * What `trace` tells while it works, on stderr: a line a checkpoint when it is done, and on a terminal a bar below
 * with the current step, the rate and the time left. Piped: the lines only.
 */
import { pad } from './columns.js';
import type { Clock } from './context.js';
import { absent, bytes, cut, decimalsOf, duration, plusMinus, si, lengthOf } from './format.js';
import { mainLayer } from './layer-table.js';
import type { CheckpointResult, TraceEvent } from './library.js';
import { planLine } from './plan-text.js';
import type { Screen } from './screen.js';
import { printable, type Style } from './style.js';

const phaseNames = {
  download: 'downloading',
  tokenize: 'tokenizing',
  hash: 'hashing',
  load: 'loading',
  forward: 'forward',
  nll: 'likelihood',
  spectrum: 'spectrum',
  score: 'scoring',
  generate: 'generating',
  query: 'counting',
} as const;

type Current = Extract<TraceEvent, { type: 'progress' }>;
type AlertEvent = Extract<TraceEvent, { type: 'alert' }>;
type Waiting = Extract<TraceEvent, { type: 'waiting' }>;

export class Progress {
  readonly #screen: Screen;
  readonly #style: Style;
  readonly #clock: Clock;
  readonly #stopTicking: () => void;
  #nameWidth = 12;
  /** Seconds that the plan expects of one checkpoint; null until a plan came. */
  #planned: number | null = null;
  /** Whether a plan came, which knows what will be reused; without one all that is left counts. */
  #hasPlan = false;
  /** Checkpoints left to measure, the current one among them. */
  #left = 0;
  #measured = { count: 0, seconds: 0 };
  #startedAt: number | null = null;
  #current: Current | null = null;
  #rate: number | null = null;
  #drawnAt = -Infinity;
  #waiting: Waiting | null = null;
  #waitingSince = 0;

  constructor(screen: Screen, style: Style, clock: Clock) {
    this.#screen = screen;
    this.#style = style;
    this.#clock = clock;
    // The time left runs on while a long step says nothing.
    this.#stopTicking = screen.live ? clock.every(1000, () => this.#draw()) : () => undefined;
  }

  /** Takes one event of `trace`, `planTrace` or `represent`. */
  event(event: TraceEvent): void {
    switch (event.type) {
      case 'plan': {
        const { plan } = event;
        const left = plan.checkpoints.filter((c) => !c.reused && c.problem === null).length;
        this.#hasPlan = true;
        this.#left = left;
        this.#planned = plan.seconds === null || left === 0 ? null : plan.seconds / left;
        this.#nameWidth = Math.min(30, Math.max(8, ...plan.checkpoints.map((c) => lengthOf(c.revision))));
        this.#screen.line(planLine(plan));
        for (const difference of plan.differences) this.#note(`not reusable: ${difference}`);
        for (const note of plan.notes) this.#note(note);
        break;
      }
      case 'waiting':
        this.#wait(event);
        break;
      case 'start':
        this.#waiting = null;
        this.#nameWidth = Math.max(this.#nameWidth, Math.min(30, lengthOf(event.revision)));
        if (!this.#hasPlan) this.#left = event.total - event.index;
        this.#startedAt = this.#clock.now();
        this.#rate = null;
        this.#current = null;
        break;
      case 'progress':
        this.#current = event;
        this.#rate = event.tokensPerSecond ?? this.#rate;
        if (this.#clock.now() - this.#drawnAt >= 100) this.#draw();
        break;
      case 'done':
        this.#done(event.result);
        break;
      case 'alert':
        this.#screen.line(alertLine(event.alert, this.#style));
        break;
      case 'note':
        this.#note(event.message);
        break;
    }
  }

  /** Stops the bar and gives the cursor back. */
  close(): void {
    this.#stopTicking();
    this.#screen.close();
  }

  /** On a terminal the bar tells it; piped a line says so once, and again when there is something else to say. */
  #wait(event: Waiting): void {
    const before = this.#waiting === null ? null : waitingLine(settled(this.#waiting));
    if (before === null) this.#waitingSince = this.#clock.now();
    this.#waiting = event;
    const line = waitingLine(settled(event));
    if (this.#screen.live) this.#draw();
    else if (line !== before) this.#screen.line(line);
  }

  #note(message: string): void {
    this.#screen.line(this.#style.dim(`note: ${printable(message)}`));
  }

  #done(result: CheckpointResult): void {
    const rate = this.#count(result);
    const left = this.#left === 0 ? null : this.#timeLeft();
    this.#screen.line(doneLine(result, this.#nameWidth, rate, left, this.#style));
    this.#draw();
  }

  /** Takes the end of one visit of another job than `trace`; `text` says what was found. */
  visited(result: Pick<CheckpointResult, 'revision' | 'tokens' | 'state' | 'error' | 'seconds'>, text: string): void {
    this.#count(result);
    const left = this.#left === 0 ? null : this.#timeLeft();
    this.#screen.line(visitedLine(result, text, this.#nameWidth, left, this.#style));
    this.#draw();
  }

  /** Counts what ended; its tokens a second where it was measured. */
  #count(result: Pick<CheckpointResult, 'state' | 'seconds'>): number | null {
    if (result.state === 'measured') {
      this.#measured.count++;
      this.#measured.seconds += result.seconds;
    }
    if (result.state !== 'reused' || !this.#hasPlan) this.#left = Math.max(0, this.#left - 1);
    const rate = result.state === 'measured' ? this.#rate : null;
    this.#startedAt = null;
    this.#current = null;
    this.#rate = null;
    return rate;
  }

  /** Seconds left, from what checkpoints took so far, before the first from the plan; null when neither is known. */
  #timeLeft(): number | null {
    const { count, seconds } = this.#measured;
    const each = count > 0 ? seconds / count : this.#planned;
    if (each === null || this.#left === 0) return null;
    const spent = this.#startedAt === null ? 0 : (this.#clock.now() - this.#startedAt) / 1000;
    return Math.max(0, each - spent) + each * (this.#left - 1);
  }

  #draw(): void {
    if (!this.#screen.live) return;
    this.#drawnAt = this.#clock.now();
    const current = this.#current;
    if (current === null && this.#waiting !== null) {
      const waited = `  ${duration((this.#clock.now() - this.#waitingSince) / 1000)}`;
      this.#screen.show(cut(waitingLine(this.#waiting), this.#screen.width - waited.length) + waited);
      return;
    }
    if (current === null) {
      this.#screen.show('');
      return;
    }
    this.#screen.show(barLine(current, this.#timeLeft(), this.#screen.width));
  }
}

/** `alert at checkpoint-500: rankme < 0.5*max (rankme 12.1, max(rankme) 63.4)`. */
export function alertLine({ revision, message }: AlertEvent['alert'], style: Style): string {
  return `${style.bad(`alert at ${printable(revision)}:`)} ${printable(message)}`;
}

/** Without what is being written, which needs no one's attention. */
function settled(event: Waiting): Waiting {
  return { ...event, unfinished: event.unfinished.filter(({ reason }) => reason !== 'being written') };
}

/** `waiting for a checkpoint after step 500 (checkpoint-1000: no weights yet)`. */
export function waitingLine({ after, unfinished }: Waiting): string {
  const first = unfinished[0];
  const more = unfinished.length > 1 ? `, and ${unfinished.length - 1} more` : '';
  const why = first ? ` (${first.revision}: ${first.reason}${more})` : '';
  return printable(`waiting for ${after === null ? 'the first checkpoint' : `a checkpoint after step ${after}`}${why}`);
}

/** The line of a checkpoint that is done. `nameWidth` aligns the lines of a run. */
export function doneLine(
  result: CheckpointResult,
  nameWidth: number,
  rate: number | null,
  left: number | null,
  style: Style,
): string {
  const place = placeOf(result, nameWidth);
  if (result.state === 'failed') {
    const kind = result.control ? `${result.control.kind} ` : '';
    return `${place}   ${kind}${style.bad('failed:')} ${printable(result.error ?? 'no reason given')}`;
  }
  const figures = result.layers[mainLayer([result])] ?? {};
  const parts = [
    place,
    pad(`RankMe ${figure(figures.rankme, figures.rankme_se, 1)}`, 17, 'left'),
    pad(`α ${figure(figures.alpha, figures.alpha_se, 2)}`, 11, 'left'),
  ];
  if (result.control) parts.push(result.control.kind);
  if (result.sweep) parts.push(`${result.sweep.over} ${printable(String(result.sweep.value))}`);
  if (result.state === 'reused') parts.push(style.dim('reused'));
  if (rate !== null) parts.push(`${si(rate, 2)} tok/s`);
  if (left !== null) parts.push(`ETA ${duration(left)}`);
  return parts.join('   ').trimEnd();
}

/** The line of a visit that is done. */
function visitedLine(
  result: Pick<CheckpointResult, 'revision' | 'tokens' | 'state' | 'error'>,
  text: string,
  nameWidth: number,
  left: number | null,
  style: Style,
): string {
  const failed = `${style.bad('failed:')} ${printable(result.error ?? 'no reason given')}`;
  const parts = [placeOf(result, nameWidth), result.state === 'failed' ? failed : text];
  if (result.state === 'reused') parts.push(style.dim('reused'));
  if (left !== null && result.state !== 'failed') parts.push(`ETA ${duration(left)}`);
  return parts.join('   ').trimEnd();
}

/** Revision and tokens, aligned. */
function placeOf({ revision, tokens }: Pick<CheckpointResult, 'revision' | 'tokens'>, nameWidth: number): string {
  const name = pad(cut(printable(revision), nameWidth, 'middle'), nameWidth, 'left');
  return `${name} ${pad(tokens === null ? absent : `${si(tokens)} tok`, 9, 'right')}`;
}

function figure(value: number | null | undefined, error: number | null | undefined, least: number): string {
  if (value === null || value === undefined) return absent;
  const decimals = decimalsOf([error], least);
  return [value.toFixed(decimals), plusMinus(error, decimals)].join(' ').trimEnd();
}

/** `3/20 step512  forward ██████░░░░ 62%  2.1k tok/s  ETA 3:12`, as much of it as fits. */
export function barLine(current: Current, left: number | null, width: number): string {
  const kind = current.control ? ` ${current.control.kind}` : '';
  const place = `${current.index + 1}/${current.total} ${cut(printable(current.revision), 30, 'middle')}${kind}`;
  const rate = current.tokensPerSecond;
  const share = current.of > 0 ? Math.min(1, Math.max(0, current.done / current.of)) : null;
  const end = [
    share === null ? '' : `${Math.floor(share * 100)}%`.padStart(5),
    rate === null ? '' : `  ${si(rate, 2)} tok/s`,
    current.bytesPerSecond ? `  ${bytes(current.bytesPerSecond)}/s` : '',
    current.secondsLeft ? `, ${duration(Math.max(1, current.secondsLeft))} left` : '',
    left === null ? '' : `  ETA ${duration(left)}`,
  ].join('');
  const start = `${place}  ${phaseNames[current.phase]}`;
  const room = width - lengthOf(start) - lengthOf(end) - 1;
  if (share === null || room < 8) return cut(start + end, width);
  const cells = Math.min(24, room);
  const full = Math.round(share * cells);
  return `${start} ${'█'.repeat(full)}${'░'.repeat(cells - full)}${end}`;
}
