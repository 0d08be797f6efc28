/**
 * How Node starts a thread of the spectrum's kernel: a worker from a few lines of code, so that no path differs between
 * source, dist and tarball. An idle worker keeps no process alive.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { StartThread } from '../spectrum/index.js';
import { Fence, lendSource, nativeProduct } from './native-product.js';

// Fused multiply-adds are a fifth faster. V8 has them by default since 11.4; Node 20's 11.3 has them behind this flag.
if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--experimental-wasm-relaxed-simd');

export const startThread: StartThread = (source, data, events) => {
  const code = `const { parentPort, workerData: { data, product, fence } } = require('node:worker_threads');
const lend = product ? (${lendSource})(product, fence) : undefined;
(${source})(data, (callback) => parentPort.on('message', callback), (message) => parentPort.postMessage(message), lend);`;
  const fence = new Fence();
  const workerData = { data, product: nativeProduct(), fence: fence.state };
  // No inherited flags: a loader or an inspector of the main process has no business here.
  const worker = new Worker(code, { eval: true, workerData, execArgv: [] });
  worker.on('message', (value: unknown) => events.message(value));
  worker.on('error', (error: Error) => events.failed(error));
  worker.on('exit', (code) => {
    fence.remove();
    events.failed(new Error(`exit code ${code}`));
  });
  worker.unref();
  return {
    send: (message) => worker.postMessage(message),
    hold: (active) => (active ? worker.ref() : worker.unref()),
    end: async () => {
      await fence.close();
      await worker.terminate();
    },
  };
};
