/** The proxy of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, small letters first), which Node's own `fetch` ignores. */
import type { EnvHttpProxyAgent, RequestInit } from 'undici';

export interface ProxySettings {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are reached without one. */
  readonly no: string | undefined;
}

export function proxyOf(env: NodeJS.ProcessEnv): ProxySettings {
  return {
    http: env['http_proxy'] || env['HTTP_PROXY'] || undefined,
    https: env['https_proxy'] || env['HTTPS_PROXY'] || undefined,
    no: env['no_proxy'] || env['NO_PROXY'] || undefined,
  };
}

/** Settings as undici's agent takes them; an empty text keeps it from looking at the environment of this process by itself. */
export function agentOptions({ http, https, no }: ProxySettings): EnvHttpProxyAgent.Options {
  return { httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: no ?? '' };
}

let known: { readonly settings: string; readonly agent: EnvHttpProxyAgent } | null = null;

/** `fetch` through the proxy of the environment. */
export const proxiedFetch: typeof fetch = (async (url: string | URL, init?: RequestInit) => {
  const { EnvHttpProxyAgent: Agent, fetch: request } = await import('undici');
  const options = agentOptions(proxyOf(process.env));
  const settings = JSON.stringify(options);
  if (known?.settings !== settings) known = { settings, agent: new Agent(options) };
  return await request(url, { ...init, dispatcher: known.agent });
}) as unknown as typeof fetch;
