import { expect, test } from 'vitest';
import { parseOptions } from '../../../bench/players/options.ts';

const parse = (line: string) => parseOptions(line.split(' ').filter((word) => word !== ''));

test('a thousand that fight over UDP for a minute, unless said otherwise', () => {
  expect(parse('')).toMatchObject({
    options: {
      mode: 'once',
      jsonFile: undefined,
      load: {
        players: 1000,
        seconds: 60,
        transport: 'udp',
        isPeaceful: false,
        lightPercent: 90,
        withinM: 0,
        watchers: 0,
        lossPercent: 0,
        serverFlags: [],
      },
    },
  });
  const line =
    '--players 2000 --seconds 30 --light 50 --peaceful --transport ws --zones 2 --edges 3 --seed 9 --json out.json';
  expect(parse(line)).toMatchObject({
    options: {
      jsonFile: 'out.json',
      load: {
        players: 2000,
        seconds: 30,
        transport: 'ws',
        isPeaceful: true,
        lightPercent: 50,
        seed: 9,
        serverFlags: ['--zones', '2', '--edges', '3'],
      },
    },
  });
});

test('a crowd wanders and is watched, unless it shall fight', () => {
  expect(parse('--crowd')).toMatchObject({ options: { load: { withinM: 50, isPeaceful: true, watchers: 4 } } });
  expect(parse('--crowd --fight --watchers 2')).toMatchObject({
    options: { load: { withinM: 50, isPeaceful: false, watchers: 2 } },
  });
});

test('the limit and the curve are other modes; the server gets what is meant for it', () => {
  expect(parse('--find-limit --players 500 --precision 10')).toMatchObject({
    options: { mode: 'findLimit', precision: 0.1, limitMax: 4096, load: { players: 500 } },
  });
  expect(parse('--curve 500,250')).toMatchObject({ options: { mode: 'curve', curve: [250, 500], outFolder: 'docs' } });
  expect(parseOptions(['--server', '--udp portable  --bandwidth-mbit 50'])).toMatchObject({
    options: { load: { serverFlags: ['--udp', 'portable', '--bandwidth-mbit', '50'] } },
  });
  const help = parse('--help');
  expect('text' in help && help.text).toContain('--find-limit');
});

test.for([
  ['--players 0', '--players must be a number from 1 to 4096, not "0".'],
  ['--players 2.5', '--players must be a number from 1 to 4096, not "2.5".'],
  ['--seconds soon', '--seconds must be a number from 1 to 3600, not "soon".'],
  ['--packet-loss 51', '--packet-loss must be a number from 0 to 50, not "51".'],
  ['--transport tcp', '--transport must be udp or ws, not "tcp".'],
  ['--fight --peaceful', 'Leave --fight or --peaceful out'],
  ['--find-limit --curve 100', 'Leave --find-limit or --curve out'],
  ['--curve 100,many', '--curve must be numbers of players with commas between, not "100,many".'],
  ['--curve 9999', '--curve must be numbers of players'],
  ['--robots 2', "unknown option '--robots'"],
] as const)('%s: one sentence', ([line, sentence]) => {
  const parsed = parse(line);
  expect('problem' in parsed && parsed.problem).toContain(sentence);
  expect('problem' in parsed && parsed.problem).not.toContain('\n');
});
