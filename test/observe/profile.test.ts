import { expect, test } from 'vitest';
import { readProfile } from '../../src/observe/profile.ts';
import { cpuProfile, heapProfile, type Made, ROOT_URL } from './profiles.ts';

const read = (calls: readonly Made[]) => readProfile('cpu', cpuProfile(calls), ROOT_URL);

test('a CPU profile: what each took itself and with its calls; asleep is told apart', () => {
  const profile = read([
    {
      name: 'runUntilStopped',
      path: 'workers/zone.ts',
      line: 80,
      self: 1,
      calls: [
        {
          name: 'sleep',
          path: 'workers/zone.ts',
          line: 90,
          self: 60,
          calls: [{ name: 'tell', path: 'src/zone/zone.ts', line: 3, self: 2 }],
        },
        {
          name: 'step',
          path: 'src/zone/zone.ts',
          line: 7,
          self: 10,
          calls: [{ name: 'move', path: 'src/game/movement.ts', line: 40, self: 20 }],
        },
      ],
    },
    { name: '(garbage collector)', self: 4 },
    { name: '(program)', self: 3 },
    { name: '(idle)', self: 100 },
  ]);
  expect(profile.total).toBe(200_000);
  expect(profile.asleep).toBe(161_000);
  expect([profile.gc, profile.native, profile.sampleCount]).toEqual([4000, 3000, 200]);
  expect(profile.root.total).toBe(39_000);
  expect(profile.functions.map(({ name, place, self, total }) => [name, place, self, total])).toEqual([
    ['move', 'src/game/movement.ts:40', 20_000, 20_000],
    ['step', 'src/zone/zone.ts:7', 10_000, 30_000],
    ['(garbage collector)', '', 4000, 4000],
    ['(program)', '', 3000, 3000],
    ['tell', 'src/zone/zone.ts:3', 2000, 2000],
    ['runUntilStopped', 'workers/zone.ts:80', 0, 32_000],
    ['sleep', 'workers/zone.ts:90', 0, 2000],
  ]);
});

test('another function of that name is not asleep', () => {
  const { asleep } = read([{ name: 'sleep', path: 'src/game/game.ts', line: 9, self: 5 }]);
  expect(asleep).toBe(0);
});

test('a function that calls itself counts once in its total, and those of one place are one', () => {
  const inner: Made = { name: 'walk', path: 'a.ts', line: 1, self: 2 };
  const { functions, root } = read([
    {
      name: 'walk',
      path: 'a.ts',
      line: 1,
      self: 1,
      calls: [{ name: 'other', path: 'a.ts', line: 9, self: 1, calls: [inner] }],
    },
    { name: 'walk', path: 'a.ts', line: 1, self: 3 },
  ]);
  expect(functions.find(({ name }) => name === 'walk')).toMatchObject({ self: 6000, total: 7000 });
  expect(root.calls).toHaveLength(1);
});

test('a sample stands for the time until the next one, whatever the clock does', () => {
  const file = {
    nodes: [
      { id: 1, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, children: [2, 3] },
      { id: 2, callFrame: { functionName: 'a', url: '', lineNumber: -1 } },
      { id: 3, callFrame: { functionName: 'b', url: '', lineNumber: -1 } },
    ],
    startTime: 0,
    endTime: 100,
    samples: [2, 3, 2],
    timeDeltas: [10, 30, -5],
  };
  const { functions } = readProfile('cpu', file, ROOT_URL);
  expect(functions.map(({ name, self }) => [name, self])).toEqual([['a', 30 + 65]]);
});

test('places are told from the repository, from the package, or by name: never by the machine’s paths', () => {
  const file = cpuProfile([{ name: 'f', path: 'x.ts', line: 1, self: 1 }]);
  const text = JSON.stringify(file);
  const placeOf = (url: string) =>
    readProfile('cpu', JSON.parse(text.replace(`${ROOT_URL}x.ts`, url)), ROOT_URL).functions[0]?.place;
  expect(placeOf(`${ROOT_URL}src/a.ts`)).toBe('src/a.ts:1');
  expect(placeOf('file:///home/me/games/mine.ts')).toBe('mine.ts:1');
  expect(placeOf('file:///home/me/node_modules/pino/lib/tools.js')).toBe('node_modules/pino/lib/tools.js:1');
  expect(placeOf('node:internal/timers')).toBe('node:internal/timers:1');
});

test('why the engine threw a fast version away is kept', () => {
  const { functions } = read([{ name: 'f', path: 'a.ts', line: 1, self: 1, deopt: 'wrong map' }]);
  expect(functions[0]?.deoptimised).toBe('wrong map');
});

test('an allocation profile: bytes', () => {
  const profile = readProfile(
    'allocation',
    heapProfile([
      { name: 'a', path: 'a.ts', line: 1, self: 1, calls: [{ name: 'b', path: 'b.ts', line: 2, self: 3 }] },
    ]),
    ROOT_URL,
  );
  expect(profile.total).toBe(4096);
  expect(profile.functions.map(({ name, self, total }) => [name, self, total])).toEqual([
    ['b', 3072, 3072],
    ['a', 1024, 4096],
  ]);
});

test('what is no profile is refused; one that points at itself, or nowhere, is read', () => {
  expect(() => readProfile('cpu', {}, ROOT_URL)).toThrow();
  expect(() => readProfile('cpu', heapProfile([]), ROOT_URL)).toThrow();
  expect(() => readProfile('allocation', cpuProfile([]), ROOT_URL)).toThrow();
  const circle = {
    nodes: [
      { id: 1, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, children: [2, 9] },
      { id: 2, callFrame: { functionName: 'a', url: '', lineNumber: -1 }, children: [1, 2] },
    ],
    startTime: 0,
    endTime: 10,
    samples: [2, 77],
    timeDeltas: [0, 5],
  };
  expect(readProfile('cpu', circle, ROOT_URL).root.total).toBe(10);
});
