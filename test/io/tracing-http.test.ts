import { expect, test } from 'vitest';
import { tracePasswords, tracePost } from '../../src/io/tracing-http.ts';
import { setUpTracer } from './traced.ts';

const ROUTE = '/v1/session';

test('a request is the first span of its trace, passwords and codes below and in it', async () => {
  const { tracer, spans } = setUpTracer();
  const passwords = tracePasswords(
    { hash: async (password) => `hash of ${password}`, verify: async () => false, isWeak: () => true },
    tracer,
  );
  const context = tracer.random()!;
  const response = await tracePost(tracer, ROUTE, context, async () => {
    expect([await passwords.hash('hunter2'), await passwords.verify('x', 'hunter2'), passwords.isWeak('x')]).toEqual([
      ...['hash of hunter2', false, true],
    ]);
    return { status: 200, body: { playerId: '4503599627370495', token: 'secret', name: 'Bob' } };
  });
  expect(response.traceId).toBe(context.traceId);
  const [hash, verify, post] = spans();
  expect([hash!.attributes, verify!.attributes]).toEqual([{ operation: 'hash' }, { operation: 'verify' }]);
  expect([hash!.parentId, verify!.parentId]).toEqual([context.spanId, context.spanId]);
  expect(post).toMatchObject({ name: 'http', ...context, parentId: '', isError: false });
  expect(post!.attributes).toEqual({ route: ROUTE, status: 200, playerId: 4_503_599_627_370_495 });
});

test('a refusal is told with its code, a fault of ours as an error; both go on', async () => {
  const { tracer, spans } = setUpTracer();
  const post = (work: () => Promise<{ status: number; body: Record<string, unknown> }>) =>
    tracePost(tracer, ROUTE, tracer.random(), work);
  await post(async () => ({ status: 401, body: { error: 'bad_credentials', message: 'no' } }));
  await post(async () => ({ status: 503, body: { error: 'store_unavailable' } }));
  await expect(post(() => Promise.reject(new Error('inner detail')))).rejects.toThrow('inner detail');
  expect(spans().map(({ isError, attributes }) => [isError, attributes])).toEqual([
    [false, { route: ROUTE, status: 401, error: 'bad_credentials' }],
    [true, { route: ROUTE, status: 503, error: 'store_unavailable' }],
    [true, { route: ROUTE, status: 500 }],
  ]);
});

test('what is not recorded is just done', async () => {
  const { tracer, spans } = setUpTracer(0);
  const response = { status: 200, body: {} };
  expect(await tracePost(tracer, ROUTE, tracer.random(), async () => response)).toBe(response);
  expect(spans()).toEqual([]);
});
