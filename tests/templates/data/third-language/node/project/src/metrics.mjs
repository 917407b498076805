const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]);

/** Counts and times requests; the labels come from fixed sets. */
export class Metrics {
  #series = new Map();
  #settings;

  constructor(settings) {
    this.#settings = settings;
  }

  observe(method, handler, status, seconds) {
    const labels = `handler="${handler}",method="${METHODS.has(method) ? method : "OTHER"}",status="${status}"`;
    const found = this.#series.get(labels) ?? { count: 0, sum: 0, buckets: BUCKETS.map(() => 0) };
    found.count += 1;
    found.sum += seconds;
    BUCKETS.forEach((most, index) => (found.buckets[index] += seconds <= most ? 1 : 0));
    this.#series.set(labels, found);
  }

  text() {
    const { SERVICE_NAME, SERVICE_VERSION, ENVIRONMENT } = this.#settings;
    const info = `service="${SERVICE_NAME}",version="${SERVICE_VERSION}",environment="${ENVIRONMENT}"`;
    const counts = ["# TYPE http_requests_total counter"];
    const durations = ["# TYPE http_request_duration_seconds histogram"];
    for (const [labels, { count, sum, buckets }] of this.#series) {
      counts.push(`http_requests_total{${labels}} ${count}`);
      const name = "http_request_duration_seconds";
      BUCKETS.forEach((most, index) => durations.push(`${name}_bucket{${labels},le="${most}"} ${buckets[index]}`));
      durations.push(`${name}_bucket{${labels},le="+Inf"} ${count}`);
      durations.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`);
    }
    return [...counts, ...durations, "# TYPE service_build_info gauge", `service_build_info{${info}} 1`, ""].join("\n");
  }
}
