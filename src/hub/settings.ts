/** Where the Hub is and where its cache lies, from the environment, as Python's huggingface_hub reads it. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { proxyOf, readText, type ProxySettings } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';

export interface HubSettings {
  /** `HF_ENDPOINT`, without a slash at its end. */
  readonly endpoint: string;
  /** `HF_TOKEN`, else what `hf auth login` stored; null when there is none. */
  readonly token: string | null;
  /** The folder of `models--org--name`. */
  readonly cache: string;
  /** `HF_HUB_OFFLINE`: nothing is asked of the network. */
  readonly offline: boolean;
  /** Milliseconds without a byte after which a connection counts as lost. */
  readonly timeout: number;
  /** False where `HF_HUB_DISABLE_SYMLINKS` says so. */
  readonly symlinks: boolean;
  readonly proxy: ProxySettings;
}

const isTrue = (value: string | undefined): boolean => ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase());

/** Reads the settings. A token file that can't be read counts as none. */
export async function hubSettings(env: NodeJS.ProcessEnv = process.env): Promise<HubSettings> {
  const home =
    expand(env['HF_HOME'], env) ??
    join(expand(env['XDG_CACHE_HOME'], env) ?? join(homeOf(env), '.cache'), 'huggingface');
  const cache = expand(env['HF_HUB_CACHE'], env) ?? expand(env['HUGGINGFACE_HUB_CACHE'], env) ?? join(home, 'hub');
  return {
    endpoint: endpointOf(env['HF_ENDPOINT']),
    token: await tokenOf(env, home),
    cache,
    offline: isTrue(env['HF_HUB_OFFLINE'] || env['TRANSFORMERS_OFFLINE']),
    timeout: secondsOf(env['HF_HUB_DOWNLOAD_TIMEOUT'], 30) * 1000,
    symlinks: !isTrue(env['HF_HUB_DISABLE_SYMLINKS']),
    proxy: proxyOf(env),
  };
}

function endpointOf(given: string | undefined): string {
  if (!given) return 'https://huggingface.co';
  if (URL.canParse(given) && /^https?:/i.test(given)) return given.replace(/\/+$/, '');
  throw new EigentraceError(
    'usage',
    `HF_ENDPOINT: is no address, got ${given} (expected one such as https://huggingface.co)`,
  );
}

async function tokenOf(env: NodeJS.ProcessEnv, home: string): Promise<string | null> {
  const said = clean(env['HF_TOKEN']) ?? clean(env['HUGGING_FACE_HUB_TOKEN']);
  if (said !== null) return said;
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return null;
  const path = expand(env['HF_TOKEN_PATH'], env) ?? join(home, 'token');
  return clean(await readText(path, 65_536).catch(() => undefined));
}

/** A header can't hold line ends; an empty token is none. */
function clean(token: string | undefined): string | null {
  return token?.replace(/[\r\n]/g, '').trim() || null;
}

function secondsOf(given: string | undefined, initial: number): number {
  const seconds = Number(given);
  return given !== undefined && seconds > 0 && seconds <= 86_400 ? seconds : initial;
}

const homeOf = (env: NodeJS.ProcessEnv): string => env['HOME'] || homedir();

/** `~` and `$NAME` as Python's expanduser and expandvars; undefined and the empty text count as not given. */
function expand(path: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (!path) return undefined;
  return path
    .replace(/^~(?=$|[/\\])/, homeOf(env))
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => env[braced ?? bare!] ?? whole);
}
