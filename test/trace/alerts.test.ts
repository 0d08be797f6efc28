/** Alerts on a collapse that the test makes: a later checkpoint of the sample before an earlier one. */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readAlerts, type FiredAlert } from '../../src/record/index.js';
import { readStory } from '../../src/report/index.js';
import { findings } from '../../src/story/index.js';
import { followTrace, trace, traceDefaults, type AlertOptions, type TraceRequest } from '../../src/trace/index.js';
import { checkWebhook, postAlert } from '../../src/trace/webhook.js';
import { copySeries, eigentrace, resultOf, tableOf, temporary } from './command-line.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let folder: string;
let series: string;
beforeAll(async () => {
  folder = await temporary();
  vi.stubEnv('EIGENTRACE_CACHE', join(folder, 'cache'));
  series = await copySeries(join(folder, 'series'), {
    ...{ 'checkpoint-10': 'step6000', 'checkpoint-20': 'step64', 'checkpoint-30': 'step6000' },
  });
  for (const step of [10, 20, 30]) {
    await writeFile(join(series, `checkpoint-${step}/trainer_state.json`), JSON.stringify({ max_steps: 30 }));
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const request = (out: string, changes: Partial<TraceRequest> = {}): TraceRequest => ({
  ...traceDefaults,
  ...{ series, out: join(folder, out), corpus: 'sample:', sequences: 60, minTokens: 0, maxTokens: 64 },
  ...{ errors: 'none', threads: 2, ...changes },
});
const collapse = 'rankme < 0.7*max';
const asked = (...conditions: string[]): AlertOptions => ({ conditions, stop: false, webhook: null });

/** A server that answers as it is told, and what it was sent. */
async function receiver(answer: (response: ServerResponse, attempt: number) => void) {
  const bodies: Record<string, unknown>[] = [];
  let attempts = 0;
  const server = createServer((request: IncomingMessage, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    request.on('end', () => {
      bodies.push(JSON.parse(text) as Record<string, unknown>);
      answer(response, attempts++);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret`, bodies };
}

describe('a trace', () => {
  it('tells where a condition holds, keeps it in the run, posts it once, and goes on', async () => {
    const hook = await receiver((response) => response.end('ok'));
    const events: FiredAlert[] = [];
    const hooks = {
      alerts: { ...asked(collapse, 'alpha > 100', "step == 30 and layer == 'final'"), webhook: hook.url },
      onEvent: (event: { type: string; alert?: FiredAlert }) => event.type === 'alert' && events.push(event.alert!),
    };
    const { results, alerts } = await trace(request('run'), hooks);
    expect(results.map(({ state }) => state)).toEqual(['measured', 'measured', 'measured']);
    const [first, second] = (await tableOf(join(folder, 'run'))).rows.map(({ rankme }) => rankme!);
    expect(second! / first!).toBeLessThan(0.7);
    expect(alerts!.map(({ alert, revision }) => [alert, revision])).toEqual([
      [collapse, 'checkpoint-20'],
      ["step == 30 and layer == 'final'", 'checkpoint-30'],
    ]);
    expect(alerts![0]).toMatchObject({
      ...{ series: 'series', stage: 'pretrain', variant: null, step: 20, tokens: null },
      layers: [{ layer: 'final', values: { rankme: second, 'max(rankme)': first } }],
      message: `${collapse} (rankme ${Number(second!.toPrecision(4))}, max(rankme) ${Number(first!.toPrecision(4))})`,
    });
    expect(events).toEqual(alerts);
    expect(await readAlerts(join(folder, 'run'))).toEqual(alerts);
    const text = `eigentrace: alert at series/checkpoint-20: ${alerts![0]!.message}`;
    expect(hook.bodies[0]).toEqual({ ...alerts![0], text, content: text, event: 'alert', run: join(folder, 'run') });

    // The next run finds all of it measured: the same alerts, but nobody is told twice.
    const again = await trace(request('run'), hooks);
    expect(again.results.map(({ state }) => state)).toEqual(['reused', 'reused', 'reused']);
    expect(again.alerts!.map(({ alert }) => alert)).toEqual(alerts!.map(({ alert }) => alert));
    expect(hook.bodies).toHaveLength(2);
    expect(await readAlerts(join(folder, 'run'))).toEqual(alerts);

    const story = await readStory([join(folder, 'run')]);
    const warnings = findings(story).flatMap((series) => series.warnings);
    expect(warnings[0]).toEqual({
      code: 'alert',
      text: `Alert at checkpoint-30: ${alerts![1]!.message}, and 1 before.`,
    });
  });

  it('compares with what was measured alike alone, and forgets what no longer holds', async () => {
    const whole = request('alike', { revisions: '10,20' });
    expect((await trace(whole, { alerts: asked(collapse) })).alerts).toHaveLength(1);
    // Other rows: the first checkpoint's RankMe is not of these, and nothing is known of an earlier one.
    const other = { ...whole, sequences: 40, revisions: '20' };
    expect((await trace(other, { alerts: asked(collapse) })).alerts).toBeUndefined();
    expect(await readAlerts(join(folder, 'alike'))).toEqual([]);
  });

  it('ends at the first alert when asked to, also where a training is followed', async () => {
    const alerts = { ...asked(collapse), stop: true };
    const stopped = await trace(request('stopped'), { alerts });
    expect(stopped.results.map(({ revision }) => revision)).toEqual(['checkpoint-10', 'checkpoint-20']);
    expect([stopped.interrupted, stopped.alerts!.length]).toEqual([false, 1]);
    const followed = await followTrace(request('followed'), { until: 'last', poll: 0.05 }, { alerts });
    expect(followed.results.map(({ revision }) => revision)).toEqual(['checkpoint-10', 'checkpoint-20']);
    expect(followed.alerts).toHaveLength(1);
  });

  it('as a command: exit status 3, the line on stderr though quiet, and what is wrong before anything is measured', async () => {
    const args = (out: string, ...more: string[]) => [
      ...['trace', series, '--corpus', 'sample:', '--sequences', '60', '--min-tokens', '0', '--max-tokens', '64'],
      ...['--errors', 'none', '--out', join(folder, out), '--json', ...more],
    ];
    const cache = join(folder, 'cache');
    const ended = await eigentrace(args('run', '--quiet', '--alert', collapse, '--alert', 'nll > 1'), cache);
    expect(ended.status).toBe(3);
    expect(ended.stderr).toMatch(
      /^alert at checkpoint-20: rankme < 0\.7\*max \(rankme [\d.]+, max\(rankme\) [\d.]+\)\n$/,
    );
    expect(resultOf(ended).alerts).toHaveLength(1);
    const wrong = await eigentrace(args('none', '--alert', 'rankm < 0.5*max'), cache);
    expect([wrong.status, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(
      /^eigentrace: --alert: unknown column, got rankm \(nearest: rankme, .*\)\n {2}rankm < 0\.5\*max\n {2}\^{5}\n$/,
    );
    await expect(readFile(join(folder, 'none/run.json'))).rejects.toThrow('ENOENT');
    expect((await eigentrace(args('none', '--alert-stop'), cache)).stderr).toMatch(
      /^eigentrace: --alert-stop: has no --alert/,
    );
  });
});

describe('a webhook', () => {
  const alert = { series: 's', revision: 'step1', message: 'm' } as unknown as FiredAlert;
  const options = { pause: 1, timeout: 300 };
  const post = (url: string) => postAlert(new URL(url), alert, 'run', options);

  it.each([
    ['500 once', [500, 200], null],
    ['429 once', [429, 204], null],
    ['500 twice', [500, 503], 'got status 503'],
    ['404, which is not tried again', [404], 'got status 404'],
  ])('that answers %s', async (_, statuses, problem) => {
    const hook = await receiver((response, attempt) => {
      response.statusCode = statuses[attempt] ?? 418;
      response.end();
    });
    const { host } = new URL(hook.url);
    expect(await post(hook.url)).toBe(problem && `the alert could not be told to ${host}: ${problem}`);
    expect(hook.bodies).toHaveLength(statuses.length);
  });

  it('that is silent, or not there: told without its secret path', async () => {
    const silent = await receiver(() => undefined);
    expect(await post(silent.url)).toMatch(/^the alert could not be told to 127\.0\.0\.1:\d+: no answer in time$/);
    expect(silent.bodies).toHaveLength(2);
    const problem = await post('http://127.0.0.1:1/hook/secret');
    expect(problem).toMatch(/^the alert could not be told to 127\.0\.0\.1:1: /);
    expect(problem).not.toContain('secret');
  });

  it('that is no web address', () => {
    for (const url of ['hooks.example.com/secret', 'file:///etc/secret', '']) {
      expect(() => checkWebhook(url)).toThrow(/^--alert-webhook: is no web address \(expected/);
    }
  });
});
