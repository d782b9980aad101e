import { afterEach, describe, expect, test, vi } from 'vitest';
import { openUdp, readInBatches } from '../../src/io/udp.ts';
import * as libc from '../../src/io/udp-libc.ts';
import type { UdpSocket } from '../../src/transport/udp-port.ts';

vi.mock('../../src/io/udp-libc.ts', { spy: true });
afterEach(() => {
  vi.restoreAllMocks();
});

const hasLibc = (await libc.loadLibc()) !== undefined;

async function hasLocals(adapter?: 'batched' | 'portable'): Promise<boolean> {
  const options = { host: '127.0.0.1', port: 0, hasLocals: true };
  const socket = await openUdp(adapter === undefined ? options : { ...options, adapter });
  socket.close();
  return socket.hasLocals;
}

test('batches where they can be had, else and when asked for a packet at a time', async () => {
  expect(await hasLocals()).toBe(hasLibc);
  expect(await hasLocals('portable')).toBe(false);
  vi.mocked(libc.loadLibc).mockResolvedValue(undefined);
  expect(await hasLocals()).toBe(false);
  await expect(hasLocals('batched')).rejects.toMatchObject({
    code: 'DARKAGES_LISTEN_FAILED',
    message: expect.stringContaining('koffi'),
  });
});

describe('reading in batches', () => {
  /** What happens when packets are announced at these times, in milliseconds. */
  function play(timesMs: readonly number[], receivesAtOnce = true): string[] {
    const log: string[] = [];
    let nowMs = 0;
    let announce = (): void => undefined;
    const socket = {
      receivesAtOnce,
      onReadable: (listener: () => void) => (announce = listener),
    } as unknown as UdpSocket;
    const nap = (ms: number): void => {
      log.push('nap');
      nowMs += ms;
    };
    readInBatches(
      socket,
      () => log.push('read'),
      () => nowMs,
      nap,
    );
    for (const timeMs of timesMs) {
      nowMs = Math.max(nowMs, timeMs);
      announce();
    }
    return log;
  }

  test('a lone packet is read at once, and nobody sleeps', () => {
    expect(play([0, 5, 10, 10.5])).toEqual(['read', 'read', 'read', 'read']);
  });

  test('in a stream what comes during a nap is read with it', () => {
    expect(play([0, 0.2, 0.8, 9])).toEqual(['read', 'read', 'nap', 'read', 'read', 'nap', 'read', 'read']);
  });

  test('where a nap brings nothing, nobody sleeps', () => {
    expect(play([0, 0.2, 0.8, 9], false)).toEqual(['read', 'read', 'read', 'read']);
  });
});
