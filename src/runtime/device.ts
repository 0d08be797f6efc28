/**
 * Where the forward pass runs: the CPU, or another execution provider of this onnxruntime build. Another device is not
 * trusted: the first batch is also run on the CPU, and a difference beyond `deviceTolerance` stops the run.
 */
import { EigentraceError, messageOf, nearest } from '../errors.js';
import type { ModelGraph } from '../models/index.js';
import type { ModelProcess } from './process.js';
import type { Slot } from './protocol.js';

/** Largest difference from the CPU that is accepted, relative to the largest state of the layer. */
export const deviceTolerance = 1e-3;

export interface Device {
  readonly name: string;
  /** Whether its library came with the package; `cuda`'s and `tensorrt`'s are downloaded by an install script. */
  readonly bundled: boolean;
}

/** The execution providers that this build of onnxruntime knows on this system; loads its library into this process. */
export async function devices(): Promise<Device[]> {
  const { listSupportedBackends } = await import('onnxruntime-node');
  return listSupportedBackends().map(({ name, bundled }) => ({ name, bundled }));
}

/** Refuses a device that this build doesn't know, naming those it does. */
export async function refuseUnknownDevice(name: string): Promise<void> {
  if (name === 'cpu') return;
  const known = (await devices()).map((device) => device.name);
  if (known.includes(name)) return;
  const near = nearest(name, known, known.length).join(', ');
  throw new EigentraceError(
    'usage',
    `--device: this onnxruntime build has no such device, got ${name} (expected ${near})`,
  );
}

/** Loads a graph on a device; where the device can't be used, the error says what to install. */
export async function loadOn(
  child: ModelProcess,
  slot: Slot,
  graph: ModelGraph,
  threads: number,
  device: string,
): Promise<void> {
  try {
    await child.load(slot, graph, threads, device);
  } catch (error) {
    if (device === 'cpu' || child.dead) throw error;
    throw new EigentraceError(
      'environment',
      `--device ${device}: can't be used here, got '${messageOf(error).slice(0, 300)}' (expected a working ${device}); ${advice(device)}`,
      { cause: error },
    );
  }
}

function advice(device: string): string {
  if (device === 'cuda' || device === 'tensorrt') {
    return 'download its libraries with `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install`; CUDA 12 and cuDNN 9 must be installed';
  }
  return 'see `eigentrace doctor`, or use --device cpu';
}

/** The largest relative difference between the states of one batch on two devices; beyond the tolerance an error. */
export function checkDevice(
  label: string,
  device: string,
  found: Readonly<Record<string, Float32Array>>,
  expected: Readonly<Record<string, Float32Array>>,
): number {
  let worst = 0;
  for (const [name, reference] of Object.entries(expected)) {
    const states = found[name];
    let scale = 0;
    let difference = 0;
    reference.forEach((value, i) => {
      // What is not finite on both is a fault of the checkpoint, not of the device.
      if (!Number.isFinite(value) && !Number.isFinite(states?.[i] ?? 0)) return;
      scale = Math.max(scale, Math.abs(value));
      difference = Math.max(difference, Math.abs((states?.[i] ?? NaN) - value));
      if (Number.isNaN((states?.[i] ?? NaN) - value)) difference = Infinity;
    });
    worst = Math.max(worst, scale > 0 ? difference / scale : difference);
  }
  if (worst <= deviceTolerance) return worst;
  throw new EigentraceError(
    'environment',
    `${label}: --device ${device} differs from the CPU on the first batch, got ${worst.toPrecision(3)} relative ` +
      `(expected at most ${deviceTolerance}); use --device cpu`,
  );
}
