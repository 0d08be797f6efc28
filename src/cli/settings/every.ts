/**
 * Every setting of every command, with unit, default and meaning: the help, the checks, the environment's variables
 * and the keys of `eigentrace.config.json` all come from here, one file a command beside this one. Defaults are those of
 * `traceDefaults` and `presets` in the library (a test compares them; importing them would make help load everything).
 */
import type { Setting, Settings } from '../setting.js';
import { demoSettings } from './demo.js';
import { evaluateSettings } from './evaluate.js';
import { exportSettings } from './export.js';
import { importSettings } from './import.js';
import { memorizeSettings } from './memorize.js';
import { metricsSettings } from './metrics.js';
import { reportSettings, serveSettings } from './report.js';
import { representSettings } from './represent.js';
import { traceSettings } from './trace.js';

/** All settings that the environment and the config file may hold, by key. */
export const everySetting: Settings = Object.fromEntries(
  Object.entries({
    ...traceSettings,
    ...demoSettings,
    ...representSettings,
    ...evaluateSettings,
    ...exportSettings,
    ...reportSettings,
    ...serveSettings,
    ...importSettings,
    ...memorizeSettings,
    ...metricsSettings,
  } as Settings).filter(([, setting]) => readElsewhere(setting)),
);

/** Whether a setting is read from the environment and the config file too: options are, and SERIES. */
export function readElsewhere(setting: Setting<unknown>): boolean {
  return setting.optionOnly !== true && (setting.flag.startsWith('--') || setting.flag === 'SERIES');
}

/** The variable of the environment that holds a setting: `minTokens` → `EIGENTRACE_MIN_TOKENS`. */
export function variableOf(key: string): string {
  return `EIGENTRACE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
