// Worker of test/base/ring.test.ts: pushes seeded random messages, waiting a moment whenever the ring is full.

import { parentPort, workerData } from 'node:worker_threads';
import { createRandom } from '../../src/base/random.ts';
import { createRingWriter } from '../../src/base/ring.ts';
import { fillMessage } from './ring-message.ts';

export interface ProducerData {
  readonly buffer: SharedArrayBuffer;
  readonly seed: number;
  readonly messages: number;
  readonly bytesMax: number;
}

const { buffer, seed, messages, bytesMax } = workerData as ProducerData;
const writer = createRingWriter(buffer);
const random = createRandom(seed);
const message = new Uint8Array(bytesMax);
const never = new Int32Array(new SharedArrayBuffer(4));
let refused = 0;
for (let count = 0; count < messages; count++) {
  const length = fillMessage(random, message);
  while (!writer.push(message, 0, length)) {
    refused++;
    Atomics.wait(never, 0, 0, 0.05);
  }
}
parentPort?.postMessage(refused);
