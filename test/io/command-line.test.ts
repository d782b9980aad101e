import { Command } from 'commander';
import { expect, test } from 'vitest';
import { readCommand } from '../../src/io/command-line.ts';

const create = (): Command => new Command('npm run x --').version('1.2').option('--port <n>', 'a port', '7');

test('flags with their defaults, texts that were asked for, and what is wrong in a sentence that says what to do', () => {
  expect(readCommand(create(), ['--port', '9'])).toEqual({ flags: { port: '9' } });
  expect(readCommand(create(), [])).toEqual({ flags: { port: '7' } });
  expect(readCommand(create(), ['--version'])).toEqual({ text: '1.2\n' });
  expect(readCommand(create(), ['--help'])).toEqual({ text: expect.stringContaining('Usage: npm run x --') });
  for (const argv of [['--prot', '9'], ['--port'], ['extra']]) {
    expect(readCommand(create(), argv)).toEqual({
      problem: expect.stringMatching(/^[^\n]+; npm run x -- --help lists the flags\.$/),
      code: expect.stringMatching(/^commander\./),
    });
  }
});
