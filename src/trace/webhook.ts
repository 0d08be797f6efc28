/**
 * Tells an alert to a web address: JSON with `text` (Slack, Mattermost, Rocket.Chat) and `content` (Discord), and the facts
 * beside them for programs. Through the environment's proxy; ten seconds, one retry; what goes wrong is told, and ends nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { proxiedFetch } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import type { FiredAlert } from '../record/index.js';

const timeout = 10_000;
const pause = 1_000;

/** Refuses what is no web address. It may hold a secret, so a message shows no more than its host. */
export function checkWebhook(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed && (parsed.protocol === 'https:' || parsed.protocol === 'http:')) return parsed;
  throw new EigentraceError(
    'usage',
    '--alert-webhook: is no web address (expected one such as https://hooks.example.com/…)',
  );
}

/** Posts an alert; the result is null, or why it didn't arrive. Never rejects. */
export async function postAlert(
  url: URL,
  alert: FiredAlert,
  run: string,
  options: { signal?: AbortSignal | undefined; pause?: number; timeout?: number } = {},
): Promise<string | null> {
  const text = `eigentrace: alert at ${alert.series}/${alert.revision}: ${alert.message}`;
  const body = JSON.stringify({ text, content: text.slice(0, 2000), event: 'alert', run, ...alert });
  let problem = '';
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      if (attempt > 0) await sleep(options.pause ?? pause, undefined, { signal: options.signal });
      const limit = AbortSignal.timeout(options.timeout ?? timeout);
      const response = await proxiedFetch(url, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
        signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
      });
      await response.body?.cancel();
      if (response.ok) return null;
      problem = `got status ${response.status}`;
      // What was refused once is refused again.
      if (response.status < 500 && response.status !== 429 && response.status !== 408) break;
    } catch (error) {
      problem = reasonOf(error);
      if (options.signal?.aborted) break;
    }
  }
  return `the alert could not be told to ${url.host}: ${problem}`;
}

function reasonOf(error: unknown): string {
  const { cause, name } = error as { cause?: unknown; name?: string };
  if (name === 'TimeoutError') return 'no answer in time';
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : messageOf(error);
}
