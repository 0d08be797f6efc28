/** `fetch` through the proxy of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), which Node's own ignores. */
import { EnvHttpProxyAgent, fetch as request, type RequestInit } from 'undici';

let agent: EnvHttpProxyAgent | null = null;

export const proxiedFetch: typeof fetch = (async (url: string, init?: RequestInit) => {
  // Made with the first request: it reads the environment then.
  agent ??= new EnvHttpProxyAgent();
  return await request(url, { ...init, dispatcher: agent });
}) as unknown as typeof fetch;
