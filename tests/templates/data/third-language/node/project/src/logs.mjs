import { AsyncLocalStorage } from "node:async_hooks";

/** The identity of the request in hand: { requestId, traceId }. */
export const context = new AsyncLocalStorage();

/** A function that writes one JSON object per line. */
export function logger(settings) {
  const identity = { service: settings.SERVICE_NAME, version: settings.SERVICE_VERSION, environment: settings.ENVIRONMENT };
  return (level, message, name, fields = {}) => {
    const current = context.getStore();
    const request = current ? { request_id: current.requestId, trace_id: current.traceId } : {};
    const line = { timestamp: new Date().toISOString(), level, message, logger: name, ...identity, ...request, ...fields };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
}

export function described(error) {
  return { exception: { type: error.name, message: error.message, stacktrace: error.stack } };
}
