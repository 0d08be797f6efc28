/** Light or dark: the system's choice until the reader makes another, which is remembered where the browser lets us. */
import { computed, effect, signal } from '@preact/signals';
import type { Scheme } from '../../../src/charts/theme.js';

const key = 'eigentrace.scheme';
const dark = matchMedia('(prefers-color-scheme: dark)');

const system = signal<Scheme>(dark.matches ? 'dark' : 'light');
const chosen = signal<Scheme | null>(remembered());

export const scheme = computed<Scheme>(() => chosen.value ?? system.value);

export function keepTheme(): void {
  dark.addEventListener('change', () => (system.value = dark.matches ? 'dark' : 'light'));
  effect(() => {
    document.documentElement.dataset['scheme'] = scheme.value;
  });
}

export function toggleScheme(): void {
  chosen.value = scheme.value === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(key, chosen.value);
  } catch {
    // A file opened from disk may have no storage: the choice then holds until the page is closed.
  }
}

function remembered(): Scheme | null {
  try {
    const found = localStorage.getItem(key);
    return found === 'dark' || found === 'light' ? found : null;
  } catch {
    return null;
  }
}
