/**
 * What a reply of infini-gram's service means. The engine's own refusals come as `{"error": "…"}` (a wrong index or
 * query: asking again won't help; with status 500 a passing fault), those of the gateway before it as
 * `{"message": "…"}` (timed out, too many requests), and an answer has neither.
 */
export type Reply =
  { readonly kind: 'answer'; readonly json: object } | { readonly kind: 'retry' | 'refused'; readonly reason: string };

/** Reads a reply's status and body. */
export function readReply(status: number, body: string): Reply {
  const passing = status === 408 || status === 425 || status === 429 || status >= 500;
  const json = parse(body);
  if (json === null) {
    const reason = `HTTP ${status} with ${body === '' ? 'nothing' : `no JSON, ${quote(body)}`}`;
    return { kind: passing || status < 400 ? 'retry' : 'refused', reason };
  }
  const { error, message } = json as { error?: unknown; message?: unknown };
  if (error !== undefined)
    return { kind: passing ? 'retry' : 'refused', reason: `HTTP ${status}, ${said('error', error)}` };
  if (message !== undefined) {
    // The gateway has answered 200 with a time-out's message before; 403 and 404 won't change.
    return {
      kind: passing || status < 400 ? 'retry' : 'refused',
      reason: `HTTP ${status}, ${said('message', message)}`,
    };
  }
  if (status >= 200 && status < 300) return { kind: 'answer', json };
  return { kind: passing ? 'retry' : 'refused', reason: `HTTP ${status}` };
}

/** Milliseconds that `Retry-After` asks for (seconds, or a date); null where it asks for nothing that can be read. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  if (header === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function parse(body: string): object | null {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : null;
  } catch {
    return null;
  }
}

const said = (key: string, value: unknown): string =>
  `${key} ${quote(typeof value === 'string' ? value : JSON.stringify(value))}`;

/** Another's words in an error: short, on one line. */
function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 119)}…` : line);
}
