import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

async function importWithout(ci: string): Promise<typeof import('./needs.ts')> {
  vi.stubEnv('PATH', '');
  vi.stubEnv('DARKAGES_TOOLS', '/nowhere');
  vi.stubEnv('CI', ci);
  vi.resetModules();
  return await import('./needs.ts');
}

test('a missing tool is undefined, and is named with what to do', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const { needs } = await importWithout('');
  expect(needs('chromium')).toBeUndefined();
  expect(needs('python-client')).toBeUndefined();
  expect(warn.mock.calls.flat().join()).toMatch(/chromium is not on this machine; tools\/services\/install\.sh/);
  warn.mockRestore();
});

test('under CI a missing tool fails', async () => {
  const { needs } = await importWithout('true');
  expect(() => needs('chromium')).toThrow(/chromium is not on this machine/);
});
