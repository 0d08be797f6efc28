/**
 * Alerts that fired, in `RUN/alerts.json`: one entry a condition and checkpoint, until the checkpoint is measured anew and the
 * condition no longer holds. Changed by read, merge and rename under a lock, as `run.json` is.
 */
import { z } from 'zod';
import { kindOf, readJson, stageFile, withLock } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { readableJson } from './json.js';
import { firstIssue, refuseNewer } from './measurement.js';
import type { MeasurementRef } from './paths.js';

export const alertsName = 'alerts.json';
const alertsFormat = 'eigentrace.alerts' as const;
const alertsVersion = 1 as const;
const sizeLimit = 64 * 1024 * 1024;

const cell = z.union([z.number(), z.string(), z.null()]);
const alertSchema = z.looseObject({
  alert: z.string().describe('the condition, as it was written'),
  series: z.string(),
  stage: z.string(),
  revision: z.string(),
  variant: z.string().nullable(),
  step: z.int().min(0).nullable(),
  tokens: z.number().min(0).nullable(),
  layers: z
    .array(z.looseObject({ layer: z.string(), values: z.record(z.string(), cell) }))
    .describe('where it holds, with what its columns and aggregates came to'),
  message: z.string(),
  key: z.string().describe('of the measurement'),
  created: z.iso.datetime().describe('when it fired first'),
});
const alertsSchema = z.looseObject({
  format: z.literal(alertsFormat),
  version: z.literal(alertsVersion),
  alerts: z.array(alertSchema),
});

export type FiredAlert = z.infer<typeof alertSchema>;

/** The alerts of a run, in the order in which they fired; none where none ever did. A damaged file is an `integrity` error. */
export async function readAlerts(run: string): Promise<FiredAlert[]> {
  const file = `${run}/${alertsName}`;
  if ((await kindOf(file)) === null) return [];
  let json: unknown;
  try {
    json = await readJson(file, sizeLimit);
  } catch (error) {
    throw new EigentraceError('integrity', `${messageOf(error)}; move it away, a trace writes a new one`, {
      cause: error,
    });
  }
  refuseNewer(json, alertsFormat, alertsVersion, file);
  const parsed = alertsSchema.safeParse(json);
  if (parsed.success) return parsed.data.alerts;
  throw new EigentraceError('integrity', `${file}: not sound, ${firstIssue(parsed.error)}`);
}

/**
 * Keeps what fired at one measurement, and takes away what fired there before and is asked (`conditions`) and holds no more.
 * Gives those that had not fired for the same measurement before: the ones that nobody has heard of.
 */
export async function settleAlerts(
  run: string,
  ref: MeasurementRef,
  conditions: readonly string[],
  fired: readonly FiredAlert[],
): Promise<FiredAlert[]> {
  const isOf = (alert: FiredAlert): boolean =>
    alert.series === ref.series &&
    alert.stage === ref.stage &&
    alert.revision === ref.revision &&
    alert.variant === ref.variant &&
    conditions.includes(alert.alert);
  const isSame = (a: FiredAlert, b: FiredAlert): boolean => a.alert === b.alert && a.key === b.key;
  // Where nothing fired and nothing did before, there is nothing to write, nor to lock.
  if (fired.length === 0 && !(await readAlerts(run)).some(isOf)) return [];
  return withLock(`${run}/.alerts.lock`, async () => {
    const before = await readAlerts(run);
    const own = before.filter(isOf);
    const fresh = fired.filter((alert) => !own.some((other) => isSame(other, alert)));
    const kept = before.filter((alert) => !isOf(alert) || fired.some((other) => isSame(other, alert)));
    if (fresh.length > 0 || kept.length < before.length) {
      const after = { format: alertsFormat, version: alertsVersion, alerts: [...kept, ...fresh] };
      await (await stageFile(`${run}/${alertsName}`, readableJson(after))).commit();
    }
    return fresh;
  });
}
