/**
 * Who may read. A page from elsewhere that makes its own name point at this machine (DNS rebinding) sends its own name
 * as Host: only names that were meant are answered. A server that others can reach asks for a token, in a bearer header,
 * a cookie, or once in the address, which then loses it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

export interface GuardOptions {
  /** Names and addresses (without port) that Host may say; null: any (the server listens on every address). */
  readonly hosts: readonly string[] | null;
  /** Null: none is asked for. */
  readonly token: string | null;
  /** Of the server: the cookie is named by it, as cookies know no ports. */
  readonly port: () => number;
}

/** Names by which a machine calls itself. */
export const loopback = ['localhost', '127.0.0.1', '[::1]'];

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const headers: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
    "font-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

export function guard({ hosts, token, port }: GuardOptions): MiddlewareHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  // Hashes have one length: comparing them tells nothing of the token's.
  const isEqual = (given: string, wanted: string) => timingSafeEqual(digest(given), digest(wanted));
  const secret = token === null ? '' : createHmac('sha256', token).update('eigentrace cookie').digest('hex');

  return async (c, next) => {
    const end = (status: 303 | 401 | 405 | 421, text: string, more: Record<string, string> = {}) =>
      c.text(`${text}\n`, status, { ...headers, 'Cache-Control': 'no-store', ...more });
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return end(405, 'only GET and HEAD', { Allow: 'GET, HEAD' });
    if (!isMeant(c.req.header('host'), hosts, port())) return end(421, 'Host: not a name of this server');
    if (token !== null) {
      const name = `eigentrace-${port()}`;
      const given = new URL(c.req.url).searchParams.get('token');
      if (given !== null && isEqual(given, token)) {
        const url = new URL(c.req.url);
        url.searchParams.delete('token');
        const cookie = `${name}=${secret}; HttpOnly; SameSite=Strict; Path=/`;
        // Of several slashes a browser would read the next word as another machine's name.
        const path = url.pathname.replace(/^\/+/, '/');
        return end(303, 'token taken', { Location: `${path}${url.search}`, 'Set-Cookie': cookie });
      }
      const bearer = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1];
      const cookie = cookieOf(c.req.header('cookie') ?? '', name);
      const isKnown = (bearer && isEqual(bearer, token)) || (cookie && isEqual(cookie, secret));
      if (!isKnown) {
        const text = 'token: is missing or wrong (expected the address with ?token=… that eigentrace serve printed)';
        return end(401, text, { 'WWW-Authenticate': 'Bearer' });
      }
    }
    await next();
    for (const [header, value] of Object.entries(headers)) c.res.headers.set(header, value);
    return undefined;
  };
}

/** `name` or `name:port` with the server's own port. */
function isMeant(host: string | undefined, hosts: readonly string[] | null, port: number): boolean {
  if (host === undefined) return false;
  if (hosts === null) return true;
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(host);
  if (!match || Number(match[2] ?? 80) !== port) return false;
  return hosts.includes(match[1]!.toLowerCase());
}

function cookieOf(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}
