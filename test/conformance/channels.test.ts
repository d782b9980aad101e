// The channels against an end in another language, written from proto/STANDARD.md alone: both say everything there is to
// say over a line that loses, repeats and overtakes. Lines of JSON over pipes, a tick each; no sockets, no clock.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { needs } from '../needs.ts';
import { createLine } from '../simulated-network.ts';
import { createServerPeer } from '../transport/channels/server-peer.ts';

const python = needs('python');
const TICK_MS = 1000 / 60;
const SEED = 21;

test.skipIf(python === undefined)(
  'an end written from the standard gets all we say, and we all it says, in order and once',
  async () => {
    const child = spawn(python!, [join('test', 'conformance', 'python', 'channels.py'), String(SEED)]);
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (question: object): Promise<Record<string, unknown>> => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`SEED=${SEED} the other end: ${complaint}`);
      return JSON.parse(value) as Record<string, unknown>;
    };
    const peer = createServerPeer(SEED);
    const line = { kind: 'datagrams', latencyMs: 40, jitterMs: 30, loss: 0.15 } as const;
    const down = createLine(peer.random, line);
    const up = createLine(peer.random, line);
    // A second longer than we need: our last acknowledgements have to get there.
    for (let nowMs = 0, doneMs = 0; nowMs < 60_000 && doneMs < 1_000; nowMs += TICK_MS) {
      if (peer.isDone()) doneMs += TICK_MS;
      for (const packet of peer.tick(nowMs)) {
        down.send(nowMs, packet);
        if (peer.random.below(30) === 0) down.send(nowMs, packet);
      }
      const packets: string[] = [];
      down.deliver(nowMs, (packet) => packets.push(Buffer.from(packet).toString('hex')));
      const answer = (await ask({ nowMs, packets })) as { packets: string[] };
      for (const packet of answer.packets) up.send(nowMs, Buffer.from(packet, 'hex'));
      up.deliver(nowMs, (packet) => peer.take(packet, nowMs));
    }
    const summary = await ask({ end: true });
    child.stdin.end();
    expect(complaint).toBe('');
    expect(peer.report()).toMatchObject({ reliable: 400, dropped: 0 });
    expect(summary).toMatchObject({ reliable: peer.report().queued, waiting: 0 });
    expect(summary.sequenced).toBeGreaterThan(100);
    expect(Math.abs((summary.rttMs as number) - 80)).toBeLessThan(50);
    expect(Math.abs(peer.report().rttMs - 80)).toBeLessThan(50);
  },
);
