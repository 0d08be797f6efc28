/** The child's side of `run`: feeds become tensors, outputs become plain arrays. */
import * as ort from 'onnxruntime-node';
import type { RunMessage, TensorData } from './run-message.js';

export async function runGraph(
  session: ort.InferenceSession | undefined,
  { slot, feeds }: RunMessage,
): Promise<Record<string, TensorData>> {
  if (!session) throw new Error(`internal: no graph is loaded as ${slot}`);
  const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]);
  const outputs = await session.run(Object.fromEntries(tensors) as Record<string, ort.Tensor>);
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, plain(tensor)]));
}

function plain(tensor: ort.Tensor): TensorData {
  return { type: tensor.type as TensorData['type'], data: tensor.data as TensorData['data'], dims: tensor.dims };
}
