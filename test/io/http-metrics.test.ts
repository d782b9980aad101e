import { expect, test } from 'vitest';
import { createBlockSeries } from '../../src/io/block-series.ts';
import { createHttpMetrics, HTTP_ROUTES } from '../../src/io/http-metrics.ts';

test('answers are counted by route and class; what a stranger asks for makes no series of its own', () => {
  const http = createHttpMetrics();
  const series = createBlockSeries(http.sources, '');
  http.count('/v1/session', 200, 0.03);
  http.count('/v1/session', 429, 0.0001);
  http.count('/play.js', 304, 0.0001);
  http.count('/', 200, 0.0001);
  for (let stranger = 0; stranger < 3; stranger++) http.count(undefined, 404, 0.002);
  http.count('/metrics', 500, 9);
  series.sample();
  const lines = series.families.flatMap((family) => family.lines('text').trimEnd().split('\n'));
  const moved = lines.filter((line) => line.startsWith('http_requests_total') && !line.endsWith(' 0'));
  expect(moved).toEqual([
    'http_requests_total{route="page",status="2xx"} 1',
    'http_requests_total{route="page",status="3xx"} 1',
    'http_requests_total{route="/v1/session",status="2xx"} 1',
    'http_requests_total{route="/v1/session",status="4xx"} 1',
    'http_requests_total{route="/metrics",status="5xx"} 1',
    'http_requests_total{route="other",status="4xx"} 3',
  ]);
  expect(lines).toContain('http_request_seconds_bucket{route="/v1/session",le="0.02"} 1');
  expect(lines).toContain('http_request_seconds_bucket{route="/v1/session",le="0.05"} 2');
  expect(lines.filter((line) => line.startsWith('http_requests_total'))).toHaveLength(HTTP_ROUTES.length * 4);
});
