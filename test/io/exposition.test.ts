import { expect, test } from 'vitest';
import { chooseFormat, exposeFamilies, type Family, formatNumber, seriesHead } from '../../src/io/exposition.ts';

test.for([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['application/json', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
  // Only an older version than ours.
  ['application/openmetrics-text;version=0.0.1', 'text'],
  ['text/plain;q=0.5, application/openmetrics-text;q=0.4', 'text'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;q=nonsense', 'text'],
  // Prometheus 3, as it asks by default.
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,' +
      'text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
] as const)('who accepts %s gets %s', ([accept, format]) => {
  expect(chooseFormat(accept)).toBe(format);
});

const family = (name: string, kind: Family['kind'], lines: string): Family => ({
  ...{ name, kind, help: `says "so"\\and\nso` },
  lines: () => lines,
});

test('both formats: help escaped as each wants it, counters by their names there, an end', () => {
  const families = [family('a_total', 'counter', 'a_total 1\n'), family('b', 'gauge', 'b 2\n')];
  expect(exposeFamilies(families, 'text')).toBe(
    '# HELP a_total says "so"\\\\and\\nso\n# TYPE a_total counter\na_total 1\n' +
      '# HELP b says "so"\\\\and\\nso\n# TYPE b gauge\nb 2\n',
  );
  expect(exposeFamilies(families, 'openmetrics')).toBe(
    '# HELP a says \\"so\\"\\\\and\\nso\n# TYPE a counter\na_total 1\n' +
      '# HELP b says \\"so\\"\\\\and\\nso\n# TYPE b gauge\nb 2\n# EOF\n',
  );
});

test('a counter beside a gauge of its name is no counter in OpenMetrics, where the two would be one family', () => {
  const families = [family('a', 'gauge', 'a 2\n'), family('a_total', 'counter', 'a_total 1\n')];
  expect(exposeFamilies(families, 'openmetrics')).toContain('# TYPE a_total unknown\na_total 1\n');
  expect(exposeFamilies(families, 'text')).toContain('# TYPE a_total counter\na_total 1\n');
});

test('labels are escaped, numbers as Prometheus reads them', () => {
  expect(seriesHead('a', { b: 'x"y\\z\n', c: 1 })).toBe('a{b="x\\"y\\\\z\\n",c="1"} ');
  expect(seriesHead('a', {})).toBe('a ');
  expect([0.1, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(formatNumber)).toEqual([
    '0.1',
    '1e+21',
    'NaN',
    '+Inf',
    '-Inf',
  ]);
});
