/** What the Hub's refusals mean to a user, and what to do next. */
import { EigentraceError, type ErrorCode } from '../errors.js';

/** A refusal whose status the caller may look at. */
export class HubError extends EigentraceError {
  readonly status: number;
  /** The Hub's own word: `RevisionNotFound`, `GatedRepo`, …; null where it said none. */
  readonly reason: string | null;

  constructor(code: ErrorCode, message: string, status: number, reason: string | null) {
    super(code, message);
    this.status = status;
    this.reason = reason;
  }
}

export interface Refusal {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  /** `org/name`, or a data set's `datasets/org/name`. */
  readonly subject: string;
  /** What was asked for in it: a revision or a file; null: the repository itself. */
  readonly asked: string | null;
  readonly endpoint: string;
  readonly hasToken: boolean;
}

/** The error for an answer that will not change by asking again. */
export function refused(refusal: Refusal): HubError {
  const { status, headers, subject, asked, endpoint, hasToken } = refusal;
  const reason = headers['x-error-code'] ?? null;
  const said = (headers['x-error-message'] ?? '').slice(0, 300);
  const error = (message: string) => new HubError('input', `${subject}: ${message}`, status, reason);
  if (reason === 'GatedRepo') {
    const where = `accept its conditions at ${endpoint}/${subject}`;
    return error(
      hasToken
        ? `is gated, and your token's account has no access to it, got ${status}; ${where} with that account`
        : `is gated, got ${status}; ${where}, then set HF_TOKEN (or run \`hf auth login\`)`,
    );
  }
  if (reason === 'DisabledRepo') return error(`was disabled by the Hub, got ${status} (${said || 'no reason given'})`);
  if (status === 401 && (hasToken ? reason !== 'RepoNotFound' : /invalid credentials/i.test(said))) {
    return error(
      `the token was refused by ${endpoint}, got 401${said ? ` (${said})` : ''}; set HF_TOKEN to a valid one ` +
        `(${endpoint}/settings/tokens) or unset it`,
    );
  }
  if (reason === 'RevisionNotFound')
    return error(`no such revision, got ${asked ?? '?'} (expected a branch, tag or commit)`);
  if (reason === 'EntryNotFound' && asked !== null) return error(`no such file, got ${asked}`);
  if (status === 401 || status === 404 || reason === 'RepoNotFound') {
    const advice = hasToken
      ? 'or it is private and your token may not read it'
      : 'or it is private: then set HF_TOKEN (or run `hf auth login`)';
    return error(`no such repository on ${endpoint}, got ${status} (expected org/name as in its address, ${advice})`);
  }
  if (status === 403) return error(`access denied by ${endpoint}, got 403${said ? ` (${said})` : ''}`);
  return error(`${endpoint} answered ${status}${said ? ` (${said})` : ''} for ${asked ?? subject}`);
}
