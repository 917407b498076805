import { load } from "./config_provider.mjs";
import { logger } from "./logs.mjs";
import { Service } from "./service.mjs";

try {
  const settings = load();
  const service = new Service(settings);
  process.on("SIGTERM", () => service.stop(settings.DRAIN_SECONDS));
  process.on("SIGINT", () => service.stop(0));
  service.server.listen(settings.PORT, settings.HOST, () => service.log("info", "listening", "service"));
} catch (error) {
  const unknown = { SERVICE_NAME: "unknown", SERVICE_VERSION: "unknown", ENVIRONMENT: "unknown" };
  logger(unknown)("error", error.message, "main", { problems: error.problems });
  process.exitCode = 1;
}
