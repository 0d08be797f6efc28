/** What `--skip-flagged` left out, a line a reason: nothing is left out in silence. */
import { count, wrap } from './format.js';
import type { SkippedCheckpoint } from './library.js';
import { printable } from './style.js';

/** `step3000, step5000 and 84 others: the weights of step143000 (identical-weights)`. */
export function skippedLines(skipped: readonly SkippedCheckpoint[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { revision, flags } of skipped) {
    const reason = flags.map(({ code, message }) => `${message} (${code})`).join('; ');
    reasons.set(reason, [...(reasons.get(reason) ?? []), revision]);
  }
  return [...reasons].map(([reason, names]) => {
    const first = names.slice(0, names.length > 4 ? 3 : 4).join(', ');
    const others = names.length > 4 ? ` and ${count(names.length - 3, 'other')}` : '';
    return printable(`${first}${others}: ${reason}`);
  });
}

/** The same below a table; empty where nothing was left out. */
export function skippedText(skipped: readonly SkippedCheckpoint[], limit: number): string {
  if (skipped.length === 0) return '';
  const lines = skippedLines(skipped).flatMap((line) => wrap(`skipped ${line}`, limit - 2));
  return `\n${lines.map((line) => (line.startsWith('skipped ') ? line : `  ${line}`)).join('\n')}\n`;
}
