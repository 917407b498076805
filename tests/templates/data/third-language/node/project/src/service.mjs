// The service contract in Node's standard library alone.
import { randomBytes } from "node:crypto";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { context, described, logger } from "./logs.mjs";
import { Metrics } from "./metrics.mjs";

const hex = (bytes) => randomBytes(bytes).toString("hex");
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;
const LOOPBACK = /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/|\?|$)/;

class Problem extends Error {
  constructor(status, detail, more = {}) {
    super(detail);
    Object.assign(this, { status, more });
  }
}

function identity(headers) {
  const sent = headers["x-request-id"] ?? "";
  const trace = TRACEPARENT.exec(headers.traceparent ?? "");
  return { requestId: /^[\w.-]{1,128}$/.test(sent) ? sent : hex(16), traceId: trace ? trace[1] : hex(16) };
}

async function json(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function routes(service) {
  const found = {
    "/health/live": { GET: () => [200, { status: "live" }] },
    "/health/ready": { GET: () => service.ready() },
    "/metrics": { GET: () => [200, service.metrics.text()] },
  };
  return service.settings.CONTRACT_PROBE ? { ...found, ...probeRoutes(service) } : found;
}

function probeRoutes(service) {
  return {
    "/contract-probe/error": {
      GET: () => {
        throw new Error("raised by the contract probe");
      },
    },
    "/contract-probe/slow": {
      GET: async (_, query) => {
        await sleep(Number(query.get("seconds")) * 1000);
        return [200, {}];
      },
    },
    "/contract-probe/outbound": {
      GET: async (_, query) => {
        const url = query.get("url") ?? "";
        if (!LOOPBACK.test(url)) throw new Problem(400, "url must be http on a loopback address.");
        return [200, { status: await call(url) }];
      },
    },
    "/contract-probe/dependency": {
      PUT: (_, query) => {
        service.well = query.get("state") === "ok";
        return [204, null];
      },
    },
    "/contract-probe/echo": {
      POST: async (request) => {
        const body = await json(request);
        if (Number.isInteger(body?.value)) return [200, { value: body.value }];
        throw new Problem(422, "The request is not valid.", { errors: [{ location: "body.value", message: "is no number" }] });
      },
    },
  };
}

/** The service's HTTP client: it passes the request's identity on. */
async function call(url) {
  const { requestId, traceId } = context.getStore();
  const answer = await fetch(url, { headers: { "X-Request-ID": requestId, traceparent: `00-${traceId}-${hex(8)}-01` } });
  return answer.status;
}

export class Service {
  draining = false;
  well = true;

  constructor(settings) {
    this.settings = settings;
    this.log = logger(settings);
    this.metrics = new Metrics(settings);
    this.routes = routes(this);
    this.server = http.createServer((request, response) => this.#serve(request, response));
  }

  ready() {
    if (this.draining) throw new Problem(503, "draining", { checks: {} });
    const checks = this.settings.CONTRACT_PROBE ? { "contract-probe": this.well ? "ok" : "failed: switched off" } : {};
    if (!this.well) throw new Problem(503, "failed: contract-probe", { checks });
    return [200, { status: "ready", checks }];
  }

  #serve(request, response) {
    const started = process.hrtime.bigint();
    const who = identity(request.headers);
    const { pathname, searchParams } = new URL(request.url, "http://service");
    const route = this.routes[pathname] ? pathname : "unmatched";
    response.on("close", () =>
      context.run(who, () => {
        const seconds = Number(process.hrtime.bigint() - started) / 1e9;
        this.metrics.observe(request.method, route, response.statusCode, seconds);
        const fields = { method: request.method, route, status: response.statusCode, duration_ms: seconds * 1000 };
        this.log("info", "request", "access", fields);
      }),
    );
    response.setHeader("X-Request-ID", who.requestId);
    if (this.draining) response.setHeader("Connection", "close");
    context.run(who, () => this.#answer(request, response, pathname, searchParams));
  }

  async #answer(request, response, pathname, query) {
    try {
      const methods = this.routes[pathname];
      if (!methods) throw new Problem(404, "Not Found");
      if (!methods[request.method]) throw new Problem(405, "Method Not Allowed");
      const [status, body] = await methods[request.method](request, query);
      const isText = typeof body === "string";
      response.writeHead(status, { "Content-Type": isText ? "text/plain; version=0.0.4" : "application/json" });
      response.end(isText || body === null ? body : JSON.stringify(body));
    } catch (error) {
      this.#fail(response, pathname, error);
    }
  }

  #fail(response, instance, error) {
    if (!(error instanceof Problem)) this.log("error", "unhandled exception", "errors", described(error));
    const { status, message: detail, more } = error instanceof Problem ? error : new Problem(500, "The service failed.");
    const document = { type: "about:blank", title: http.STATUS_CODES[status], status, detail, instance };
    response.writeHead(status, { "Content-Type": "application/problem+json" });
    response.end(JSON.stringify({ ...document, request_id: context.getStore().requestId, ...more }));
  }

  /** Says that it is not ready, serves on for a while, then finishes what is under way. */
  async stop(drainSeconds) {
    this.draining = true;
    this.log("info", "draining", "service");
    await sleep(drainSeconds * 1000);
    this.server.close(() => process.exit(0));
    this.server.closeIdleConnections();
    setTimeout(() => process.exit(1), this.settings.SHUTDOWN_GRACE_SECONDS * 1000).unref();
  }
}
