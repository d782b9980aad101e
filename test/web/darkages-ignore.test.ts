import { expect, test } from 'vitest';
import type { GuestSecret } from '../../src/client/session.ts';
import { createIgnored, IGNORED_MAX, isIgnored, startIgnoring, stopIgnoring } from '../../src/web/darkages-ignore.ts';

function keep(value?: string): GuestSecret & { value: string | undefined } {
  return {
    value,
    load() {
      return this.value;
    },
    save(next) {
      this.value = next;
    },
  };
}

test('who is ignored stays so in the next visit, however the name is written, until it is heard again', () => {
  const kept = keep();
  const ignored = createIgnored(kept);
  expect(startIgnoring(ignored, 'Brynn', 'Aldric')).toMatch(/^You ignore Brynn/);
  startIgnoring(ignored, 'dan.2', 'Aldric');
  expect(kept.value).toBe('Brynn,dan.2');
  const next = createIgnored(kept);
  expect(['Brynn', 'BRYNN', 'dan.2', 'Bryn', ''].map((name) => isIgnored(next, name))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(stopIgnoring(next, 'brynn')).toBe('You hear brynn again.');
  expect(stopIgnoring(next, 'brynn')).toBe('You don’t ignore brynn.');
  stopIgnoring(next, 'dan.2');
  expect([next.names, kept.value]).toEqual([[], undefined]);
});

test('not oneself, not twice, not what no name is, not more than there is room for', () => {
  const ignored = createIgnored(keep());
  expect(startIgnoring(ignored, 'ALDRIC', 'Aldric')).toBe('That is you.');
  expect(startIgnoring(ignored, 'a,b', 'Aldric')).toBe('Nobody has a name like that.');
  for (let name = 0; name < IGNORED_MAX; name++) startIgnoring(ignored, `n${name}`, 'Aldric');
  expect(startIgnoring(ignored, 'N0', 'Aldric')).toBe('You ignore N0 already.');
  expect(startIgnoring(ignored, 'more', 'Aldric')).toMatch(/as many as can be/);
  expect(ignored.names.length).toBe(IGNORED_MAX);
});

test('what was kept by another hand is bounded too', () => {
  const names = Array.from({ length: 500 }, (_, name) => `n${name}`);
  expect(createIgnored(keep(names.join(','))).names.length).toBe(IGNORED_MAX);
  expect(createIgnored(keep(',,')).names).toEqual([]);
});
