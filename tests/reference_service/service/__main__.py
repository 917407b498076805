"""Start, serve, drain, stop."""

import signal
import threading
from http.server import ThreadingHTTPServer

from .application import Application
from .config_provider import load
from .handler import Handler


class Server(ThreadingHTTPServer):
    """A thread for each connection; none of them keeps the program alive."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Run until SIGTERM (with a drain) or SIGINT (without)."""
    settings = load()
    application = Application(settings)
    Handler.application = application
    server = Server((settings.host, settings.port), Handler)
    stop = threading.Event()

    def drain() -> None:
        application.log.write("info", "draining")
        stop.wait(settings.drain_seconds)
        server.shutdown()

    def on_terminate(_number: int, _frame: object) -> None:
        application.draining.set()
        threading.Thread(target=drain).start()

    signal.signal(signal.SIGTERM, on_terminate)
    signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=server.shutdown).start())
    application.log.write("info", "started")
    server.serve_forever(poll_interval=0.05)
    server.socket.close()
    application.wait_for_requests(settings.grace_seconds)
    application.log.write("info", "stopped")


if __name__ == "__main__":
    main()
