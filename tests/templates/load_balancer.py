"""A load balancer in front of one replica, for the tests of a graceful stop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

WORKERS = 4


@dataclass
class LoadBalancer:
    """Sends traffic while its probe, once a second, finds the service ready."""

    base_url: str
    served: int = 0
    failures: list[str] = field(default_factory=list)
    in_rotation: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def probe(self, client: httpx.Client) -> None:
        try:
            ready = client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            ready = False
        self.in_rotation.set() if ready else self.in_rotation.clear()

    def probe_each_second(self) -> None:
        with httpx.Client(base_url=self.base_url) as client:
            while not self.stopped.wait(1):
                self.probe(client)

    def send(self) -> None:
        """One kept-alive connection, used without a pause."""
        with httpx.Client(base_url=self.base_url, timeout=10) as client:
            while not self.stopped.is_set():
                if not self.in_rotation.wait(0.05):
                    continue
                try:
                    status = client.get("/items").status_code
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                else:
                    self.served += 1
                    if status != 200:
                        self.failures.append(str(status))

    @contextmanager
    def balancing(self) -> Iterator[None]:
        with httpx.Client(base_url=self.base_url) as client:
            self.probe(client)
        targets = [self.probe_each_second, *[self.send] * WORKERS]
        threads = [threading.Thread(target=target) for target in targets]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join()
