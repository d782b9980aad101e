import { expect, test } from 'vitest';
import { parseOptions } from '../../../tools/swarm/options.ts';

test('every flag of the guide is read', () => {
  const line =
    '--url http://127.0.0.1:8080/ --bots 200 --duration 30 --ramp-up 5 --latency 50 --jitter 10 --packet-loss 1 ' +
    '--processes 2 --zone 2 --seed 9 --game examples/tag/game.ts --report out.json --peaceful --transport udp --light 90 ' +
    '--trade 25 --acknowledged answered.json';
  expect(parseOptions(line.split(' '))).toEqual({
    options: {
      url: 'http://127.0.0.1:8080',
      bots: 200,
      zoneId: 2,
      durationS: 30,
      rampUpS: 5,
      transport: 'udp',
      conditions: { latencyMs: 50, jitterMs: 10, lossShare: 0.01 },
      processes: 2,
      isPeaceful: true,
      withinM: 0,
      lightShare: 0.9,
      tradeShare: 0.25,
      seed: 9,
      gameFile: 'examples/tag/game.ts',
      reportFile: 'out.json',
      acknowledgedFile: 'answered.json',
    },
  });
});

test('without flags it plays on this machine, over a line without faults', () => {
  expect(parseOptions([])).toMatchObject({
    options: {
      url: 'http://127.0.0.1:8080',
      zoneId: undefined,
      transport: 'ws',
      conditions: { latencyMs: 0, jitterMs: 0, lossShare: 0 },
      processes: 1,
      isPeaceful: false,
      lightShare: 0,
    },
  });
});

test.for([
  ['--bots 0', '--bots must be a whole number from 1 to 20000, not "0".'],
  ['--bots 2.5', '--bots must be a whole number from 1 to 20000, not "2.5".'],
  ['--duration soon', '--duration must be a number from 1 to 86400, not "soon".'],
  ['--packet-loss 51', '--packet-loss must be a number from 0 to 50, not "51".'],
  ['--zone first', '--zone must be a whole number from 0 to 65535, not "first".'],
  ['--seed 4294967296', '--seed must be a whole number from 0 to 4294967295, not "4294967296".'],
  ['--url nowhere', '--url must be an address such as http://127.0.0.1:8080, not "nowhere".'],
  ['--url ws://127.0.0.1', '--url must be an address such as http://127.0.0.1:8080, not "ws://127.0.0.1".'],
  ['--latency 20 --jitter 30', '--jitter must be at most --latency, which is 20.'],
  ['--transport tcp', '--transport must be ws or udp, not "tcp".'],
  ['--bots 2 --processes 3', '--processes must be at most --bots, which is 2.'],
  ['--robots 2', "unknown option '--robots'"],
  ['20', 'too many arguments'],
] as const)('%s: one sentence', ([line, sentence]) => {
  const parsed = parseOptions(line.split(' '));
  expect('problem' in parsed && parsed.problem).toContain(sentence);
  expect('problem' in parsed && parsed.problem).not.toContain('\n');
});

test('--help names every flag', () => {
  const parsed = parseOptions(['--help']);
  const text = 'text' in parsed ? parsed.text : '';
  for (const flag of 'url bots zone duration ramp-up latency jitter packet-loss processes seed game report transport'.split(
    ' ',
  )) {
    expect(text).toContain(`--${flag} <`);
  }
  expect(text).toContain('--peaceful');
});
