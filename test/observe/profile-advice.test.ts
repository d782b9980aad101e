import { describe, expect, test } from 'vitest';
import { readProfile } from '../../src/observe/profile.ts';
import { adviseOnProfile, type ProfiledThread } from '../../src/observe/profile-advice.ts';
import { cpuProfile, heapProfile, type Made, ROOT_URL } from './profiles.ts';

const thread: ProfiledThread = { thread: 'zone-1', seconds: 1, cpuS: 1, gcPauseS: 0, phases: [] };
const advise = (calls: readonly Made[], about: Partial<ProfiledThread> = {}) =>
  adviseOnProfile(readProfile('cpu', cpuProfile(calls), ROOT_URL), { ...thread, ...about }).join('\n');
const adviseAllocation = (calls: readonly Made[]) =>
  adviseOnProfile(readProfile('allocation', heapProfile(calls), ROOT_URL), thread).join('\n');
/** Work that nothing is to be said of. */
const work = (count: number): Made[] =>
  Array.from({ length: 10 }, (_, nth) => ({
    name: `f${nth}`,
    path: 'src/zone/zone.ts',
    line: nth + 1,
    self: count / 10,
  }));

describe('advice on a CPU profile', () => {
  test('nothing stands out', () => {
    expect(advise(work(1000))).toBe('Nothing stands out: the functions below are what it does.');
  });

  test('a thread that sleeps has room, and nothing else is said of its functions', () => {
    const text = advise(
      [
        { name: '(idle)', self: 900 },
        { name: 'f', path: 'a.ts', line: 1, self: 100 },
      ],
      { cpuS: 0.1 },
    );
    expect(text).toMatch(/^It slept 90 % of the time: it has room/);
    expect(text).not.toContain('begin there');
  });

  test('a thread that is awake and gets no core', () => {
    expect(advise(work(1000), { cpuS: 0.5 })).toContain('For 50 % of the time it was not asleep and had no core');
    expect(advise(work(1000), { cpuS: 0.9 })).not.toContain('had no core');
  });

  test('garbage: by what the profile shows, or by what the thread counted', () => {
    expect(advise([...work(900), { name: '(garbage collector)', self: 100 }])).toContain(
      'Collecting garbage took 10 % of what it did: `npm run profile -- --thread zone-1 --kind allocation` shows who allocates.',
    );
    expect(advise(work(1000), { gcPauseS: 0.07 })).toContain('Collecting garbage took 7 %');
    expect(advise(work(1000), { gcPauseS: 0.03 })).not.toContain('garbage');
  });

  test('a phase of more than half a tick', () => {
    const phases = [
      { phase: 'inputs', seconds: 0.1, ticks: 60 },
      { phase: 'game_creatures', seconds: 0.3, ticks: 60 },
    ];
    expect(advise(work(1000), { phases })).toBe(
      "75 % of a tick is the game's system creatures (5.000 ms): a tick gets shorter only there.",
    );
    expect(advise(work(1000), { phases: [{ ...phases[1]!, phase: 'journal' }] })).toContain('is the phase journal');
    expect(advise(work(1000), { phases: [phases[0]!, phases[0]!, phases[0]!] })).not.toContain('of a tick');
    expect(advise(work(1000), { phases: [{ phase: 'inputs', seconds: 0, ticks: 0 }] })).not.toContain('of a tick');
  });

  test.each([
    ['src/guard/profanity.ts', 'screening texts'],
    ['node_modules/zod/v4/core/parse.js', 'zod, which'],
    ['node_modules/pino/lib/tools.js', 'writing logs'],
    ['node_modules/prom-client/lib/registry.js', 'answering scrapes'],
    ['src/io/block-series.ts:20', 'answering scrapes'],
    ['src/io/tracing-export.ts:20', 'traces: sample fewer'],
    ['src/observe/span-record.ts:20', 'traces: sample fewer'],
    ['node_modules/@opentelemetry/sdk-trace/x.js', 'traces: sample fewer'],
    ['node:internal/tls/wrap', 'encryption'],
  ])('what has no place on a hot thread: %s', (path, words) => {
    const text = advise([...work(600), ...work(400).map((one, nth) => ({ ...one, name: `g${nth}`, path }))]);
    expect(text).toContain(`40 % of what it did was ${words}`);
    expect(advise([...work(990), { name: 'g', path, line: 1, self: 10 }])).not.toContain(words);
  });

  test('JSON, which the engine shows without a place', () => {
    expect(advise([...work(800), { name: 'stringify', self: 200 }])).toContain(
      '20 % of what it did was reading and writing JSON',
    );
    expect(advise([...work(800), { name: 'parse', path: 'src/x.ts', line: 1, self: 200 }])).not.toContain('JSON');
  });

  test('one function that is most of it', () => {
    expect(advise([...work(600), { name: 'burn', path: 'src/a.ts', line: 7, self: 400 }])).toBe(
      '40 % of what it did was in burn (src/a.ts:7) itself: begin there.',
    );
  });

  test('what the engine gave up, where it matters', () => {
    const slow = (self: number): Made => ({ name: 'f', path: 'a.ts', line: 1, self, deopt: 'wrong map' });
    expect(advise([...work(900), slow(100)])).toContain('threw away its fast version of f (a.ts:1) (wrong map)');
    expect(advise([...work(990), slow(10)])).not.toContain('threw away');
  });

  test('the engine and the system, and too few samples', () => {
    expect(advise([...work(500), { name: '(program)', self: 500 }])).toContain(
      '50 % of what it did was in the engine or the system',
    );
    expect(advise(work(100))).toContain('There are few samples');
    expect(advise(work(300))).not.toContain('There are few samples');
  });

  test('of nothing at all', () => {
    expect(advise([], { cpuS: 0, seconds: 0 })).not.toContain('NaN');
  });
});

describe('advice on an allocation profile', () => {
  test('little', () => {
    expect(adviseAllocation([{ name: 'f', path: 'a.ts', line: 1, self: 100 }])).toBe(
      'It allocates 100 KiB a second, which is little: nothing here has to be done.',
    );
  });

  test('much, and where', () => {
    expect(
      adviseAllocation([
        { name: 'f', path: 'a.ts', line: 1, self: 9216 },
        { name: 'g', path: 'b.ts', line: 1, self: 1024 },
      ]),
    ).toBe(
      'It allocates 10.0 MiB a second; each is collected again, and that stops it.\n' +
        '90 % of it in f (a.ts:1): keep its objects and use them again, or take typed arrays.',
    );
  });
});
