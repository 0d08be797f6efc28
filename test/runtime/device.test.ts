/** Other devices than the CPU: named, checked against the CPU, refused with advice. No device but the CPU was tried here. */
import { afterEach, describe, expect, it } from 'vitest';
import { EigentraceError } from '../../src/errors.js';
import { Model } from '../../src/models/index.js';
import { checkDevice, devices, ModelProcess, refuseUnknownDevice, represent } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

let child: ModelProcess | null = null;
afterEach(() => child?.kill(new EigentraceError('interrupted', 'done')));

describe('devices', () => {
  it('lists what the build offers, the CPU with its library', async () => {
    expect(await devices()).toContainEqual({ name: 'cpu', bundled: true });
  });

  it('refuses a device that the build does not know', async () => {
    await refuseUnknownDevice('cpu');
    await expect(refuseUnknownDevice('cdua')).rejects.toThrow(
      /^--device: this onnxruntime build has no such device, got cdua \(expected (cuda|cpu)/,
    );
  });

  it('says what to install where a device is known but can not be used', async () => {
    const missing = (await devices()).find(({ bundled }) => !bundled);
    if (!missing) return;
    child = ModelProcess.start();
    const model = Model.read(await modelSource(golden('architectures/gpt_neox')));
    const { ids } = await reference(golden('architectures/gpt_neox'));
    const options = { layers: ['final'], position: 'last', threads: 1, device: missing.name } as const;
    await expect(represent(child, model, ids, options, { state: () => undefined })).rejects.toThrow(
      new RegExp(`^--device ${missing.name}: can't be used here, got '.*' .*ONNXRUNTIME_NODE_INSTALL=cuda12`, 's'),
    );
  });
});

describe('checkDevice', () => {
  const cpu = { final: Float32Array.of(1, -2, 0.5), layer1: Float32Array.of(100, 0, NaN) };
  it('gives the largest difference relative to the largest state of a layer', () => {
    const found = { final: Float32Array.of(1, -2, 0.501), layer1: Float32Array.of(100.02, 0, NaN) };
    expect(checkDevice('checkpoint a', 'cuda', found, cpu)).toBeCloseTo(0.0005, 6);
    expect(checkDevice('checkpoint a', 'cuda', cpu, cpu)).toBe(0);
  });
  it('stops at a difference beyond 1e-3, and at what is not a number on one side only', () => {
    const off = { ...cpu, final: Float32Array.of(1, -2, 0.51) };
    expect(() => checkDevice('checkpoint a', 'cuda', off, cpu)).toThrow(
      'checkpoint a: --device cuda differs from the CPU on the first batch, got 0.00500 relative (expected at most 0.001); use --device cpu',
    );
    const broken = { ...cpu, final: Float32Array.of(1, NaN, 0.5) };
    expect(() => checkDevice('checkpoint a', 'cuda', broken, cpu)).toThrow('got Infinity relative');
    expect(() => checkDevice('checkpoint a', 'cuda', { final: cpu.final }, cpu)).toThrow('got Infinity relative');
  });
});
