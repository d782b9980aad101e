// Request and response over a MessagePort, for threads with an event loop. A call times out, so many may wait and no
// more (`reject` beyond), and an error of the far side arrives as a ServerError of the same code. Does not reconnect:
// a port of a dead thread is replaced by whoever made it.
//
//   request  { id, method, argument, context? }   response  { id, result } or { id, code, message }
//   told     { told }                        what the far side says unasked

import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, errorCode, ServerError } from '../base/errors.ts';
import type { SpanContext } from '../observe/spans.ts';

/** Names the methods of a service with what they take and give. */
export type RpcShape = Record<string, { argument: unknown; result: unknown }>;

export type RpcMethods<S extends RpcShape> = {
  readonly [M in keyof S]: (argument: S[M]['argument']) => Promise<S[M]['result']>;
};

export interface RpcOptions {
  /** Who answers, for messages: "the store". */
  readonly name: string;
  readonly timeoutMs: number;
  readonly pendingMax: number;
  readonly timeoutCode: ErrorCode;
  readonly busyCode: ErrorCode;
  /** What the far side says unasked, in order with its answers. */
  readonly onTold?: (message: unknown) => void;
  /** Of whoever calls, asked at each call: goes with it to the far side's `around`. */
  readonly context?: () => SpanContext | undefined;
}

export interface RpcClient<S extends RpcShape> {
  call<M extends keyof S & string>(method: M, argument: S[M]['argument']): Promise<S[M]['result']>;
  pendingCount(): number;
  /** Fails what is pending and closes the port. */
  close(): void;
}

interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
  readonly context?: SpanContext;
}

export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly code: string; readonly message: string };

interface Told {
  readonly told: unknown;
}

interface Waiter {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export function createRpcClient<S extends RpcShape>(port: MessagePort, options: RpcOptions): RpcClient<S> {
  const waiters = new Map<number, Waiter>();
  let nextId = 1;
  let closed = false;

  const take = (id: number): Waiter | undefined => {
    const waiter = waiters.get(id);
    if (waiter === undefined) return undefined;
    clearTimeout(waiter.timer);
    waiters.delete(id);
    return waiter;
  };
  const failAll = (): void => {
    closed = true;
    for (const id of [...waiters.keys()]) take(id)?.reject(unavailable(options));
  };
  port.on('message', (response: Response | Told) => {
    if ('told' in response) return options.onTold?.(response.told);
    // Undefined when it timed out before: the late answer has nobody to go to.
    const waiter = take(response.id);
    if (waiter === undefined) return;
    if ('code' in response) waiter.reject(new ServerError(response.code as ErrorCode, response.message));
    else waiter.resolve(response.result);
  });
  port.on('close', failAll);

  return {
    call(method, argument) {
      if (closed) return Promise.reject(unavailable(options));
      if (waiters.size >= options.pendingMax) {
        const text = `Too many requests (${options.pendingMax}) wait for ${options.name}.`;
        return Promise.reject(new ServerError(options.busyCode, text));
      }
      const id = nextId++;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          const text = `${options.name} did not answer ${method} within ${options.timeoutMs} ms.`;
          take(id)?.reject(new ServerError(options.timeoutCode, text));
        }, options.timeoutMs);
        waiters.set(id, { resolve: resolve as (result: unknown) => void, reject, timer });
        const context = options.context?.();
        port.postMessage({ id, method, argument, ...(context !== undefined && { context }) } satisfies Request);
      });
    },
    pendingCount: () => waiters.size,
    close() {
      failAll();
      port.close();
    },
  };
}

function unavailable(options: RpcOptions): ServerError {
  return new ServerError(options.timeoutCode, `${options.name} is not there.`);
}

/** Says something to whoever called `createRpcClient` on the other end of the port. */
export function tellRpcClient(port: MessagePort, message: unknown): void {
  port.postMessage({ told: message } satisfies Told);
}

/** Does the work of a request that came with a context. */
export type AroundRpc = (method: string, context: SpanContext, work: () => Promise<Response>) => Promise<Response>;

/** Answers requests on `port` until it closes. */
export function serveRpc<S extends RpcShape>(port: MessagePort, methods: RpcMethods<S>, around?: AroundRpc): void {
  port.on('message', (request: Request) => {
    const { method, context } = request;
    const work = () => answer(methods, request);
    const answered = context === undefined || around === undefined ? work() : around(method, context, work);
    void answered.then((response) => port.postMessage(response));
  });
}

async function answer<S extends RpcShape>(methods: RpcMethods<S>, request: Request): Promise<Response> {
  const { id, method, argument } = request;
  try {
    if (!Object.hasOwn(methods, method)) throw new Error(`no method ${method}`);
    return { id, result: await methods[method as keyof S](argument) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, code: errorCode(error) ?? 'DARKAGES_THREAD_DIED', message };
  }
}
