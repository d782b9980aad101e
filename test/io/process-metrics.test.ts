import { expect, test } from 'vitest';
import { createProcessFamilies, PROCESS_METRICS } from '../../src/io/process-metrics.ts';

test('of what prom-client brings, that of the list is there and nothing else, under our own words', async () => {
  const families = await createProcessFamilies('x_')();
  const here = PROCESS_METRICS.filter(({ isLinuxOnly }) => isLinuxOnly === undefined || process.platform === 'linux');
  expect(families.map(({ name }) => name).sort()).toEqual(here.map(({ metric }) => `x_${metric}`).sort());
  for (const { name, kind, help, lines } of families) {
    expect({ metric: name.slice(2), kind, help }).toEqual({
      ...{ metric: name.slice(2), kind },
      help: here.find(({ metric }) => `x_${metric}` === name)?.help,
    });
    for (const line of lines('text').split('\n').slice(0, -1)) expect(line).toMatch(/^x_[a-z0-9_]+(\{.+\})? [^ ]+$/);
  }
  const resident = families.find(({ name }) => name === 'x_process_resident_memory_bytes')!;
  expect(Number(resident.lines('text').split(' ')[1])).toBeGreaterThan(10_000_000);
});
