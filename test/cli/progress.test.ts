import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../src/cli/library.js';
import { Progress, barLine, doneLine } from '../../src/cli/progress.js';
import { Screen } from '../../src/cli/screen.js';
import { plain } from '../../src/cli/style.js';
import { checkpoint, plan, Sink } from './fakes.js';

const running: Extract<TraceEvent, { type: 'progress' }> = {
  type: 'progress',
  revision: 'step512',
  index: 2,
  total: 20,
  phase: 'forward',
  done: 620,
  of: 1000,
  tokensPerSecond: 2134,
};

describe('lines of progress', () => {
  it('has one a checkpoint when it is done', () => {
    expect(doneLine(checkpoint(), 7, 2134, 192, plain)).toBe(
      'step512 1.07B tok   RankMe 101.3 ±1.2   α 1.02 ±.02   2.1k tok/s   ETA 3:12',
    );
    expect(doneLine(checkpoint({ state: 'reused', revision: 'step1' }), 7, null, null, plain)).toBe(
      'step1   1.07B tok   RankMe 101.3 ±1.2   α 1.02 ±.02   reused',
    );
    expect(doneLine(checkpoint({ state: 'failed', error: 'no weights', layers: {} }), 7, null, 9, plain)).toBe(
      'step512 1.07B tok   failed: no weights',
    );
    expect(
      doneLine(checkpoint({ tokens: null, layers: { final: { rankme: 3, alpha: null } } }), 7, null, null, plain),
    ).toBe('step512         –   RankMe 3.0          α –');
  });

  it('has a bar that gives way to what matters', () => {
    expect(barLine(running, 192, 79)).toBe('3/20 step512  forward ███████████████░░░░░░░░░  62%  2.1k tok/s  ETA 3:12');
    expect(barLine(running, 192, 60)).toBe('3/20 step512  forward ███████░░░░  62%  2.1k tok/s  ETA 3:12');
    expect(barLine(running, 192, 40)).toBe('3/20 step512  forward  62%  2.1k tok/s …');
    expect(barLine({ ...running, done: 0, of: 0, tokensPerSecond: null }, null, 79)).toBe('3/20 step512  forward');
    for (let width = 1; width < 100; width++) expect(barLine(running, 9, width).length).toBeLessThanOrEqual(width);
  });
});

/** A Progress on a terminal or a pipe, with a clock set by hand. */
function started(tty: boolean, columns = 80) {
  const sink = new Sink(tty, columns);
  const time = { ms: 0 };
  const screen = new Screen(sink, {});
  const progress = new Progress(screen, plain, { now: () => time.ms, every: () => () => undefined });
  return { sink, time, progress };
}

describe('progress', () => {
  it('when piped is plain lines: no bar, no control character', () => {
    const { sink, time, progress } = started(false);
    progress.event({ type: 'plan', plan: plan() });
    progress.event({
      type: 'start',
      stage: 'pretrain',
      revision: 'step512',
      step: 512,
      tokens: 2 ** 30,
      index: 0,
      total: 2,
    });
    time.ms = 5000;
    progress.event({ ...running, index: 0, total: 2 });
    progress.event({ type: 'note', message: 'one\u001b[1m row held NaN' });
    progress.event({ type: 'done', result: checkpoint(), index: 0, total: 2 });
    progress.close();
    expect(sink.text).toBe(
      `2 checkpoints to measure, 1 reused, 1 with problems, 512 sequences, 34.5k tokens, about 0:42
note: not reusable: filter.maxTokens: 512 → 128
note: folder logs: no config.json, skipped
note: one�[1m row held NaN
step512  1.07B tok   RankMe 101.3 ±1.2   α 1.02 ±.02   2.1k tok/s   ETA 0:10
`,
    );
  });

  it('on a terminal rewrites one line within the width and gives the cursor back', () => {
    const { sink, time, progress } = started(true, 60);
    progress.event({ type: 'plan', plan: plan({ differences: [], notes: [] }) });
    progress.event({
      type: 'start',
      stage: 'pretrain',
      revision: 'step512',
      step: 512,
      tokens: 2 ** 30,
      index: 0,
      total: 2,
    });
    time.ms = 1000;
    progress.event({ ...running, index: 0, total: 2 });
    time.ms = 1050; // too soon after the last to draw again
    progress.event({ ...running, index: 0, total: 2, done: 700 });
    time.ms = 1200;
    progress.event({ ...running, index: 0, total: 2, done: 800 });
    progress.event({ type: 'done', result: checkpoint(), index: 0, total: 2 });
    progress.close();
    const [, ...frames] = sink.text.split('\r\u001b[2K');
    expect(frames).toEqual([
      '1/2 step512  forward ███████░░░░  62%  2.1k tok/s  ETA 0:41',
      '1/2 step512  forward █████████░░  80%  2.1k tok/s  ETA 0:41',
      // The finished line takes the bar's place, the bar moves below it.
      'step512  1.07B tok   RankMe 101.3 ±1.2   α 1.02 ±.02   2.1k tok/s   ETA 0:10\n' +
        '1/2 step512  forward █████████░░  80%  2.1k tok/s  ETA 0:41',
      '',
      '\u001b[?25h',
    ]);
    expect(sink.text.endsWith('\u001b[?25h')).toBe(true);
  });

  it('takes the time left from the plan until a checkpoint is done, then from those', () => {
    const { sink, time, progress } = started(false);
    const checkpoints = Array.from({ length: 4 }, (_, i) => ({
      ...{ stage: 's', revision: `step${i}`, step: i, tokens: i, reused: false, bytes: 1, problem: null },
    }));
    progress.event({ type: 'plan', plan: plan({ checkpoints, seconds: 400, differences: [], notes: [] }) });
    const done = (seconds: number) => {
      time.ms += seconds * 1000;
      progress.event({ type: 'done', result: checkpoint({ seconds }), index: 0, total: 4 });
    };
    done(20);
    done(40);
    done(30);
    done(30);
    expect([...sink.text.matchAll(/ETA (\S+)/g)].map((m) => m[1])).toEqual(['1:00', '1:00', '0:30']);
  });

  it('without a plan counts all that is left', () => {
    const { sink, time, progress } = started(false);
    for (const index of [0, 1, 2]) {
      progress.event({ type: 'start', stage: 's', revision: 'step1', step: 1, tokens: 1, index, total: 3 });
      time.ms += 10_000;
      const state = index === 1 ? 'reused' : 'measured';
      progress.event({ type: 'done', result: checkpoint({ state, seconds: 10 }), index, total: 3 });
    }
    expect([...sink.text.matchAll(/ETA (\S+)/g)].map((m) => m[1])).toEqual(['0:20', '0:10']);
  });
});

describe('a series that is followed', () => {
  const waiting = (after: number | null, ...unfinished: { revision: string; reason: string }[]): TraceEvent => ({
    ...{ type: 'waiting', after, count: 0, unfinished },
  });

  it('says once what it waits for, and again when a checkpoint stays unfinished', () => {
    const sink = new Sink();
    const progress = new Progress(new Screen(sink, {}), plain, { now: () => 0, every: () => () => undefined });
    for (const event of [
      waiting(null),
      waiting(null, { revision: 'checkpoint-500', reason: 'being written' }),
      waiting(500),
      waiting(500, { revision: 'checkpoint-1000', reason: 'no weights yet' }, { revision: 'b', reason: 'c' }),
      waiting(500, { revision: 'checkpoint-1000', reason: 'no weights yet' }, { revision: 'b', reason: 'c' }),
    ]) {
      progress.event(event);
    }
    expect(sink.text.split('\n')).toEqual([
      'waiting for the first checkpoint',
      'waiting for a checkpoint after step 500',
      'waiting for a checkpoint after step 500 (checkpoint-1000: no weights yet, and 1 more)',
      '',
    ]);
  });

  it('on a terminal shows how long', () => {
    const sink = new Sink(true, 80);
    const time = { ms: 0 };
    const progress = new Progress(new Screen(sink, {}), plain, { now: () => time.ms, every: () => () => undefined });
    progress.event(waiting(500));
    time.ms = 65_000;
    progress.event(waiting(500, { revision: 'checkpoint-1000', reason: 'being written' }));
    expect(sink.text).toContain('waiting for a checkpoint after step 500 (checkpoint-1000: being written)  1:05');
    progress.close();
  });
});
