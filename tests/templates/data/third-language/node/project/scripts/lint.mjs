// Every source parses, and only src/config_provider.mjs reads process.env.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const stray = [];
for (const name of readdirSync("src")) {
  execFileSync(process.execPath, ["--check", `src/${name}`]);
  if (name !== "config_provider.mjs" && readFileSync(`src/${name}`, "utf8").includes("process.env")) stray.push(name);
}
if (stray.length > 0) {
  console.error(`Only config_provider.mjs reads the environment, not ${stray.join(", ")}`);
  process.exit(1);
}
