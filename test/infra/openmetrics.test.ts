// /metrics as a real Prometheus reads it: it asks for OpenMetrics, and one line that is wrong fails the whole scrape.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { CONTENT_TYPES, chooseFormat, type Format } from '../../src/io/exposition.ts';
import { createHttpMetrics } from '../../src/io/http-metrics.ts';
import { createMetrics } from '../../src/io/prometheus.ts';
import { startPrometheus } from '../../tools/services/prometheus.ts';
import { needs } from '../needs.ts';

test.skipIf(needs('prometheus') === undefined)(
  'Prometheus takes OpenMetrics, exemplars and all, to its last sample',
  async () => {
    const edge = createCounters('edge', createCounterBuffer('edge'));
    const http = createHttpMetrics();
    const trace = Uint32Array.of(0x0102_0304, 5, 6, 0xffff_fffe, Date.now() / 1000);
    for (const valueS of [0.001, 0.3, 99]) edge.histograms.join.observe(valueS, trace);
    http.count('/v1/session', 200, 0.07, trace);
    edge.words[edge.index.accepted] = 7;
    edge.words[edge.index.connections] = 3;
    const metrics = createMetrics({
      sources: [
        { kind: 'edge', labels: { zone_id: '1' }, blocks: [edge.words.buffer as SharedArrayBuffer] },
        ...http.sources,
      ],
      threads: async () => [],
      // What a label may hold at worst.
      live: [{ metric: 'odd', kind: 'gauge', help: 'a "b" \\ c', read: () => [[{ of: 'x"y\\z\nw' }, Number.NaN]] }],
    });
    const formats = new Set<Format>();
    let samples = 0;
    const target = createServer(async (request, response) => {
      const format = chooseFormat(request.headers.accept);
      formats.add(format);
      const text = await metrics.text(format);
      samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
      expect(text.match(/ # \{trace_id="/g)).toHaveLength(4);
      response.setHeader('content-type', CONTENT_TYPES[format]);
      response.end(text);
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'darkages-openmetrics-'));
    const config = join(folder, 'prometheus.yml');
    const address = `127.0.0.1:${(target.address() as AddressInfo).port}`;
    writeFileSync(
      config,
      `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: x, static_configs: [{targets: ['${address}']}]}]\n`,
    );
    const prometheus = await startPrometheus(config);
    try {
      const read = async (expression: string) => (await prometheus.query(expression))[0]?.value;
      await expect.poll(() => read('up'), { timeout: 20_000 }).toBe(1);
      expect(formats).toEqual(new Set(['openmetrics']));
      expect(await read('scrape_samples_scraped')).toBe(samples);
      expect(await read('darkages_connections_total')).toBe(7);
      expect(await read('darkages_connections')).toBe(3);
      expect(await read('darkages_join_seconds_count')).toBe(3);
      expect(await read('darkages_http_requests_total{route="/v1/session",status="2xx"}')).toBe(1);
      expect((await prometheus.query('darkages_odd'))[0]?.labels.of).toBe('x"y\\z\nw');
    } finally {
      await prometheus.stop();
      target.close();
      target.closeAllConnections();
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
