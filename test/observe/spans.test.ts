import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SPANS } from '../../src/observe/spans.ts';

test('docs/traces.md has a row for each span, with what it is', () => {
  const text = readFileSync(new URL('../../docs/traces.md', import.meta.url), 'utf8');
  for (const { name, help } of Object.values(SPANS))
    expect(text).toMatch(new RegExp(`^\\| \`${name}[^|]*\\|[^|]*\\| ${help} \\|`, 'm'));
});
