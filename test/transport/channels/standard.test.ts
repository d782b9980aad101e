// What proto/STANDARD.md says of channels: its example is what this code writes, its numbers are those of the code. Its
// table of limits is compared by test/wire/standard.test.ts.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { writeMessage } from '../../../src/transport/channels/channels.ts';
import {
  HEADER_BYTES,
  MESSAGE_BYTES_MAX,
  RELIABLE,
  SEGMENT_HEAD_BYTES,
  SEQUENCED,
  TAKEN,
  UNRELIABLE,
} from '../../../src/transport/channels/packet.ts';
import { createEnds, forge, packetOf, queue, take } from './harness.ts';

const standard = readFileSync(new URL('../../../proto/STANDARD.md', import.meta.url), 'utf8');
const section = standard.split(/^## /m).find((text) => /^\d+\. Channels\n/.test(text))!;

test('its example is the packet that this code writes, and reads', () => {
  const { server, client } = createEnds();
  for (let sequence = 0; sequence <= 41; sequence++) {
    if (sequence !== 40) take(server, forge(sequence, [4, 0, 1]), 1000);
  }
  for (let sequence = 0; sequence < 258; sequence++) {
    packetOf(server, 1000, () => writeMessage(server, UNRELIABLE, Uint8Array.of(1), 0, 1));
  }
  queue(server, Buffer.from('hi'));
  queue(server, Buffer.from('you'));
  const packet = packetOf(server, 1003.2, () => writeMessage(server, SEQUENCED, Uint8Array.of(1, 2, 3), 0, 3))!;
  const hex = /```hex Packet\n([0-9a-f\s]+)```/.exec(section)![1]!.trim().split(/\s+/).join('');
  expect(Buffer.from(packet).toString('hex')).toBe(hex);
  // The client has sent 42 packets.
  for (let sequence = 0; sequence <= 41; sequence++) {
    packetOf(client, 0, () => writeMessage(client, UNRELIABLE, Uint8Array.of(1), 0, 1));
  }
  expect(take(client, packet, 0)).toEqual({
    code: TAKEN,
    messages: [
      { kind: SEQUENCED, bytes: Uint8Array.of(1, 2, 3) },
      { kind: RELIABLE, bytes: Uint8Array.from(Buffer.from('hi')) },
      { kind: RELIABLE, bytes: Uint8Array.from(Buffer.from('you')) },
    ],
  });
});

test('the numbers in its text are those of the code', () => {
  const row = (pattern: RegExp): number => Number(pattern.exec(section)![1]!.replace(',', ''));
  expect(row(/^\| (\d+) +\| +\| messages/m)).toBe(HEADER_BYTES);
  expect(row(/^\| 0 .* at most ([\d,]+) bytes/m)).toBe(MESSAGE_BYTES_MAX);
  expect([
    row(/^\| (\d) +\| an unreliable/m),
    row(/^\| (\d) +\| a sequenced/m),
    row(/^\| (\d) +\| a segment/m),
  ]).toEqual([UNRELIABLE, SEQUENCED, RELIABLE]);
  expect(SEGMENT_HEAD_BYTES).toBe(4);
});
