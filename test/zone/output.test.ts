import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createCounters } from '../../src/base/counters.ts';
import { createRingBuffer, createRingReader, createStagedRingWriter } from '../../src/base/ring.ts';
import { CLIENT_ALL, CLIENT_BITS, RECORD_EVENT, RECORD_GONE } from '../../src/wire/zone-records.ts';
import { beginRecord, endRecord, sendBare, sendLeft } from '../../src/zone/output.ts';

function createOutput(bytes: number) {
  const rings = [createRingBuffer(bytes), createRingBuffer(bytes)];
  const outputs = rings.map((ring) => createStagedRingWriter(ring));
  const counters = createCounters('zone');
  const readers = rings.map((ring) => createRingReader(ring));
  return { writer: new Writer(new Uint8Array(256)), outputs, counters, readers, isReplaying: false };
}

test('a message goes to its client’s edge, or to every edge, once it is published', () => {
  const zone = createOutput(4096);
  sendBare(zone, RECORD_GONE, 3);
  sendLeft(zone, 1 << CLIENT_BITS, 'cheating');
  beginRecord(zone, RECORD_EVENT, CLIENT_ALL).u8(7);
  endRecord(zone, CLIENT_ALL);
  const counts = () =>
    zone.readers.map((reader) => {
      let messages = 0;
      while (reader.next()) messages++;
      return messages;
    });
  expect(counts()).toEqual([0, 0]);
  for (const output of zone.outputs) output.publish();
  expect(counts()).toEqual([2, 2]);
});

test('what finds no room is lost and counted', () => {
  const zone = createOutput(64);
  for (let sent = 0; sent < 50; sent++) sendBare(zone, RECORD_GONE, 3);
  expect(zone.counters.words[zone.counters.index.outputDropped]).toBeGreaterThan(0);
});
