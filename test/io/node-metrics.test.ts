import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskOf, expiryS, memoryLimitBytes, nodeMetrics } from '../../src/io/node-metrics.ts';
import { keepSelfSigned } from '../../src/io/tls-certificate.ts';

const OPTIONS = {
  ...{ version: '1.2.3', game: { name: 'g', version: 4 }, protocol: '2', zoneIds: [1, 2], playersMax: 50 },
  ...{ dataFolder: tmpdir(), certificate: undefined, stuckZones: () => [1], isReady: async () => false },
};

async function readAll(options: Parameters<typeof nodeMetrics>[0]) {
  const values = await Promise.all(
    nodeMetrics(options).map(async ({ metric, read }) => [metric, await read()] as const),
  );
  return Object.fromEntries(values);
}

test('what the node is and which of its zones tick', async () => {
  const values = await readAll(OPTIONS);
  expect(values.ready).toEqual([[{}, 0]]);
  expect(values.zone_up).toEqual([
    [{ zone_id: '1' }, 1],
    [{ zone_id: '2' }, 0],
  ]);
  expect(values.zone_capacity_players).toEqual([
    [{ zone_id: '1' }, 50],
    [{ zone_id: '2' }, 50],
  ]);
  expect(values.build_info).toEqual([[{ version: '1.2.3', game: 'g', game_version: '4', protocol: '2' }, 1]]);
  expect(values.certificate_expiry_timestamp_seconds).toBeUndefined();
  const [[, freeBytes]] = values.disk_free_bytes as [[object, number]];
  const [[, sizeBytes]] = values.disk_size_bytes as [[object, number]];
  expect(freeBytes).toBeGreaterThan(0);
  expect(sizeBytes).toBeGreaterThan(freeBytes);
  const [[, limitBytes]] = values.memory_limit_bytes as [[object, number]];
  expect(limitBytes).toBeGreaterThan(process.memoryUsage.rss());
});

test('a folder that is gone has no figures instead of wrong ones', async () => {
  expect(await diskOf(join(tmpdir(), 'nothing', 'here'))).toBeUndefined();
  expect((await readAll({ ...OPTIONS, dataFolder: join(tmpdir(), 'nothing', 'here') })).disk_free_bytes).toEqual([]);
});

test('the limit of memory is the control group’s where it has one, else the machine’s', () => {
  expect([0, 2 ** 63, 16, 8].map((limit) => memoryLimitBytes(limit, 16))).toEqual([16, 16, 16, 8]);
});

test('the certificate’s end is that of the first of its chain to end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-metrics-'));
  try {
    const { cert } = await keepSelfSigned(folder, []);
    const inAYear = Date.now() / 1000 + 365 * 24 * 3600;
    expect(Math.abs(expiryS(cert) - inAYear)).toBeLessThan(2 * 24 * 3600);
    expect(expiryS(`${cert}\n${cert}`)).toBe(expiryS(cert));
    const values = await readAll({ ...OPTIONS, certificate: cert });
    expect(values.certificate_expiry_timestamp_seconds).toEqual([[{}, expiryS(cert)]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
