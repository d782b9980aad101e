import { expect, test } from 'vitest';
import { advertisedOrigins, edgeUrl, readAdvertised } from '../../src/gateway/advertise.ts';

test.each([
  ['play.example', 'ws://play.example:7777', 'ws://play.example:7778'],
  ['play.example:443', 'ws://play.example:443', 'ws://play.example:444'],
  ['10.0.0.1', 'ws://10.0.0.1:7777', 'ws://10.0.0.1:7778'],
  ['2001:db8::1', 'ws://[2001:db8::1]:7777', 'ws://[2001:db8::1]:7778'],
  ['::1', 'ws://[::1]:7777', 'ws://[::1]:7778'],
  ['[::1]:9000', 'ws://[::1]:9000', 'ws://[::1]:9001'],
  ['ws://play.example', 'ws://play.example:7777', 'ws://play.example:7778'],
  ['wss://play.example', 'wss://play.example:7777', 'wss://play.example:7778'],
  ['wss://play.example:9000/', 'wss://play.example:9000', 'wss://play.example:9001'],
  ['wss://play.example/zone/{zone}', 'wss://play.example/zone/1', 'wss://play.example/zone/2'],
  ['wss://zone{zone}.play.example', 'wss://zone1.play.example', 'wss://zone2.play.example'],
])('%s is %s for zone 1', (text, first, second) => {
  const advertised = readAdvertised(text)!;
  const [one, two] = [1, 2].map((zoneId) => {
    return edgeUrl(advertised, zoneId, { edge: 1, place: zoneId - 1, port: 7776 + zoneId });
  });
  expect([one, two]).toEqual([first, second]);
  expect(URL.canParse(first)).toBe(true);
});

test.each([
  ['play.example', ['ws://play.example:7777', 'ws://play.example:7778', 'ws://play.example:7779']],
  ['wss://play.example:443', ['wss://play.example:443', 'wss://play.example:444', 'wss://play.example:445']],
  ['wss://play.example/{zone}', ['wss://play.example/1', 'wss://play.example/1', 'wss://play.example/2']],
  ['wss://play.example/{zone}/{edge}', ['wss://play.example/1/1', 'wss://play.example/1/2', 'wss://play.example/2/1']],
])('%s with two edges a zone is %j for the first three', (text, urls) => {
  const advertised = readAdvertised(text)!;
  const places = [0, 1, 2].map((place) => ({ edge: 1 + (place % 2), place, port: 7777 + place }));
  expect(places.map((place) => edgeUrl(advertised, 1 + (place.place >> 1), place))).toEqual(urls);
});

test.each([
  'http://play.example',
  'https://play.example/zone/{zone}',
  'wss://play.example/zone',
  'wss://play.example/{edge}',
  'wss://user@play.example/{zone}',
  'wss://play.example/{zone}?a=b',
  'play.example/{zone}',
  'play.example:0',
  'play.example:65536',
  'wss://',
  'a b',
  '1:2:x',
])('%s is no address', (text) => {
  expect(readAdvertised(text)).toBeUndefined();
});

test.each([
  ['play.example:7000', ['http://play.example']],
  ['wss://play.example:9000', ['https://play.example']],
  ['wss://play.example:8443/zone/{zone}', ['https://play.example:8443']],
  ['wss://zone{zone}.play.example', []],
])('the page of %s is at %j', (text, origins) => {
  expect(advertisedOrigins(readAdvertised(text)!)).toEqual(origins);
});
