import { expect, test } from 'vitest';
import { readProfile } from '../../src/observe/profile.ts';
import { describeProfile, drawProfile } from '../../src/observe/profile-report.ts';
import { cpuProfile, heapProfile, type Made, ROOT_URL } from './profiles.ts';

const thread = {
  thread: 'zone-1',
  seconds: 2,
  cpuS: 1,
  gcPauseS: 0.004,
  phases: [
    { phase: 'inputs', seconds: 0.12, ticks: 120 },
    { phase: 'game_mend', seconds: 0.36, ticks: 120 },
    { phase: 'guard', seconds: 0, ticks: 0 },
  ],
};
const cpu = (calls: readonly Made[]) => readProfile('cpu', cpuProfile(calls), ROOT_URL);
const evil = `</script><img src=x onerror="alert('1')">&\u001b[31m\u202e`;

test('for a terminal: facts, advice, functions, phases of a tick', () => {
  const profile = cpu([
    { name: 'f', path: 'src/a.ts', line: 3, self: 30, calls: [{ name: 'g', path: 'src/b.ts', line: 4, self: 10 }] },
    { name: '(idle)', self: 60 },
  ]);
  const text = describeProfile({ profile, thread, advice: ['Do this.'] });
  expect(text).toContain('CPU of zone-1, 2.0 s\n  asleep                 60.0 %\n  CPU time of the thread 50.0 %\n');
  expect(text).toContain('pauses for the heap    4.0 ms');
  expect(text).toContain('→ Do this.');
  expect(text).toContain('      75.0 %    100.0 %  f  src/a.ts:3\n      25.0 %     25.0 %  g  src/b.ts:4\n');
  expect(text).toContain('      75.0 %   3.000 ms  game_mend\n      25.0 %   1.000 ms  inputs\n');
  expect(text).not.toContain('guard');
});

test('of allocations: bytes, and a second', () => {
  const profile = readProfile('allocation', heapProfile([{ name: 'f', path: 'a.ts', line: 1, self: 4096 }]), ROOT_URL);
  const text = describeProfile({ profile, thread, advice: [] });
  expect(text).toContain('Allocations of zone-1');
  expect(text).toContain('allocated              4.0 MiB\n  a second               2.0 MiB');
});

test('the page holds all it needs, and a bar for each call with its place in the whole', () => {
  const page = drawProfile({
    profile: cpu([
      { name: 'f', path: 'src/a.ts', line: 3, self: 30, calls: [{ name: 'g', path: 'src/b.ts', line: 4, self: 10 }] },
    ]),
    thread,
    advice: ['Do this.'],
  });
  expect(page).not.toMatch(/(src|href)=/);
  expect(page).not.toContain('http');
  expect(page).toContain('<li>Do this.</li>');
  expect(page).toMatch(
    /left:0\.0000%;width:25\.0000%;top:36px" title="g\nsrc\/b\.ts:4\n10\.0 ms \(25\.0 %\), itself 10\.0 ms">g<\/i>/,
  );
  expect(page).toContain('<td>1.000 ms</td><td>25.0 %</td><td>inputs</td>');
});

test('names of functions are text, whatever they say', () => {
  const report = {
    profile: cpu([{ name: evil, path: `src/${evil}.ts`, line: 1, self: 10, deopt: evil }]),
    thread: { ...thread, thread: evil, phases: [{ phase: evil, seconds: 1, ticks: 1 }] },
    advice: [evil],
  };
  const page = drawProfile(report);
  expect(page).not.toContain('<img');
  expect(page.match(/<\/script>/g)).toHaveLength(1);
  expect(page).not.toContain(`"alert('1')"`);
  const text = describeProfile(report);
  expect(text.match(/onerror/g)).toHaveLength(5);
  expect(text).not.toMatch(/(?!\n)\p{C}/u);
});

test('narrow bars are left out, and nothing at all is a page too', () => {
  const many = Array.from({ length: 3000 }, (_, nth) => ({ name: `f${nth}`, path: 'a.ts', line: nth + 1, self: 1 }));
  const page = drawProfile({ profile: cpu(many), thread, advice: [] });
  expect(page.match(/<i class/g)).toHaveLength(1);
  expect(drawProfile({ profile: cpu([]), thread, advice: [] })).not.toContain('NaN');
});
