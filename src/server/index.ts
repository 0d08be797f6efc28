/** Runs as a live page: re-exports only. */
export { newToken, startServer, type RunningServer, type ServerOptions } from './start-server.js';
export { openBrowser } from './open-browser.js';
