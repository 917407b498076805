import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../src/config_provider.mjs";

test("a wrong key is named", () => {
  assert.throws(() => load({ PORT: "x" }), (error) => "PORT" in error.problems);
  assert.throws(() => load({ ENVIRONMENT: "prod", CONTRACT_PROBE: "true" }), (error) => "CONTRACT_PROBE" in error.problems);
  assert.equal(load({}).PORT, 8080);
});
