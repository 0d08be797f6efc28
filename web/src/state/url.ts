/**
 * Keeps the view in the URL: in the hash of a report (a file has no query of its own), in the query of the live page.
 * Choices make an entry in the browser's history; the cursor's moves only replace the last one, a few times a second.
 */
import { lastChange, lookAsUrlSays, view } from './store.js';
import { viewFromParameters, viewToParameters } from './view.js';

export function keepViewInUrl(place: 'hash' | 'query'): void {
  const read = () => new URLSearchParams(place === 'hash' ? location.hash.slice(1) : location.search);
  lookAsUrlSays(viewFromParameters(read()));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (how: 'step' | 'move') => {
    clearTimeout(timer);
    timer = undefined;
    const parameters = viewToParameters(view.peek());
    // Slashes and dots are legal there and stay readable.
    const text = parameters.toString().replaceAll('%2F', '/').replaceAll('+', '%20');
    const url = place === 'hash' ? `${location.pathname}${location.search}#${text}` : `${location.pathname}?${text}`;
    if (how === 'step') history.pushState(null, '', url);
    else history.replaceState(null, '', url);
  };
  let first = true;
  view.subscribe(() => {
    if (first || lastChange === 'url') {
      first = false;
      return;
    }
    if (lastChange === 'step') write('step');
    else timer ??= setTimeout(() => write('move'), 300);
  });
  addEventListener('popstate', () => {
    clearTimeout(timer);
    timer = undefined;
    lookAsUrlSays(viewFromParameters(read()));
  });
}
