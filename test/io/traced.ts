// A tracer of one thread whose spans are read as the main thread reads them.

import { Reader } from '../../src/base/bytes.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createRingBuffer, createRingReader } from '../../src/base/ring.ts';
import { createTracer } from '../../src/io/tracing.ts';
import { readSpan } from '../../src/observe/span-record.ts';
import type { SpanRecord } from '../../src/observe/spans.ts';

export function setUpTracer(percent = 100, ringBytes = 1 << 16, secret = 'a') {
  const counters = createCounterBuffer('trace');
  const ring = createRingBuffer(ringBytes);
  const { words, index } = createCounters('trace', counters);
  words[index.percent] = percent;
  const data = { counters, ring, secret };
  const reader = createRingReader(ring);
  return {
    data,
    tracer: createTracer(data),
    set(to: number) {
      words[index.percent] = to;
    },
    dropped: () => words[index.dropped]!,
    /** Those since the last time. */
    spans() {
      const found: SpanRecord[] = [];
      const bytes = new Reader();
      while (reader.next()) {
        bytes.reset(reader.bytes, reader.offset, reader.end);
        found.push(readSpan(bytes)!);
      }
      return found;
    },
  };
}
