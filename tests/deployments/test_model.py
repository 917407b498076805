"""Whose fault a failed deployment is, and what keeps a service from being called good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.http import Exchange
from idp.deployments.model import (
    Fault,
    Instance,
    built_version,
    contract_fault,
    engine_fault,
    identity_fault,
    is_to_blame,
    pull_fault,
    readiness_fault,
    start_fault,
    steady_fault,
)
from idp.environments.pin import Pin

PIN = Pin(f"registry.example/shop@sha256:{'1' * 64}", "1.2.0", "a" * 40)
ID = "idp-deploy-1"


def answer(status: int | None, body: str = "", *, echo: bool = True) -> Exchange:
    headers = (("x-request-id", ID),) if echo else ()
    return Exchange("GET", "/path", ID, status, headers, body.encode())


def metrics(version: str) -> Exchange:
    return answer(
        200, f'# HELP\nservice_build_info{{python="3.13",service="shop",version="{version}"}} 1.0\n'
    )


def instance(identity: str = "c1", **changes: object) -> Instance:
    given = {"main": True, "digests": (PIN.digest,), "running": True, "restarts": 0, **changes}
    return Instance(identity, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "of_release"),
    [
        (
            "Error response from daemon: manifest for shop@sha256:1 not found: manifest unknown: manifest unknown",
            True,
        ),
        (
            'failed to resolve reference "registry.example/shop@sha256:1": registry.example/shop@sha256:1: not found',
            True,
        ),
        ('Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused', False),
        (
            "pull access denied for shop, repository does not exist or may require 'docker login': denied",
            False,
        ),
        ("unauthorized: authentication required", False),
        ("toomanyrequests: You have reached your pull rate limit", False),
        ("received unexpected HTTP status: 503 Service Unavailable", False),
        ("x509: certificate signed by unknown authority", False),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", False),
        ("write /var/lib/docker/tmp/x: no space left on device", False),
        ("", False),
    ],
)
def test_only_a_registry_that_has_no_such_image_blames_the_release(words: str, of_release: bool) -> None:
    assert pull_fault(PIN.image, words).of_release is of_release


@pytest.mark.parametrize(
    ("words", "of_release"),
    [
        ("Bind for 127.0.0.1:8080 failed: port is already allocated", False),
        ("listen tcp4 127.0.0.1:5000: bind: address already in use", False),
        ("could not find an available, non-overlapping IPv4 address pool", False),
        ("no space left on device", False),
        ('OCI runtime create failed: exec: "python": executable file not found in $PATH: unknown', True),
        ("unable to find user nobody2: no matching entries in passwd file", True),
    ],
)
def test_what_the_engine_lacks_does_not_blame_the_release(words: str, of_release: bool) -> None:
    assert engine_fault(words).of_release is of_release


def test_a_service_that_keeps_the_contract_is_good() -> None:
    assert contract_fault(PIN, answer(200), metrics("1.2.0"), answer(200), 200) is None
    assert identity_fault(PIN, [instance()]) is None
    assert steady_fault([instance()], [instance()], answer(200)) is None


@pytest.mark.parametrize(
    ("ready", "build", "smoke", "words"),
    [
        (answer(200), metrics("1.2.1"), answer(200), "version 1.2.1"),
        (answer(200), answer(200, "python_info 1\n"), answer(200), "no service_build_info"),
        (answer(200), answer(404), answer(200), "answered status 404"),
        (answer(200, echo=False), metrics("1.2.0"), answer(200), "X-Request-ID"),
        (answer(200), metrics("1.2.0"), answer(200, echo=False), "X-Request-ID"),
        (answer(200), metrics("1.2.0"), answer(500), "smoke request"),
    ],
)
def test_a_broken_promise_is_the_releases_fault(
    ready: Exchange, build: Exchange, smoke: Exchange, words: str
) -> None:
    fault = contract_fault(PIN, ready, build, smoke, 200)
    assert fault is not None
    assert fault.of_release
    assert words in fault.reason


@pytest.mark.parametrize(
    ("last", "healthy", "of_release"),
    [
        (answer(503, '{"checks": {"database": "failed: no route to host"}}'), True, True),
        (answer(503, '{"checks": ["not", "a", "mapping"]}'), None, True),
        (answer(None), None, True),
        (answer(None), False, True),
        (answer(None), True, False),
    ],
)
def test_a_service_that_is_well_but_out_of_reach_is_not_at_fault(
    last: Exchange, healthy: bool | None, of_release: bool
) -> None:
    fault = readiness_fault(last, [instance(healthy=healthy)], 9)
    assert fault.of_release is of_release
    assert ("database: failed: no route to host" in fault.reason) == (b"database" in last.body)


@pytest.mark.parametrize(
    ("after", "ready", "of_release"),
    [
        ([instance(restarts=1)], answer(200), True),
        ([instance(running=False, exit_code=137)], answer(None), True),
        ([instance()], answer(503), True),
        ([instance("c2")], answer(200), False),
        ([], answer(None), False),
    ],
)
def test_what_does_not_stay_up_is_not_good(after: list[Instance], ready: Exchange, of_release: bool) -> None:
    fault = steady_fault([instance()], after, ready)
    assert fault is not None
    assert fault.of_release is of_release


def test_restarts_of_long_ago_do_not_matter() -> None:
    assert steady_fault([instance(restarts=7)], [instance(restarts=7)], answer(200)) is None


def test_a_crash_beside_the_release_is_not_its_fault() -> None:
    fault = start_fault([instance(), instance("c2", main=False, running=False, exit_code=1)])
    assert fault is not None
    assert not fault.of_release


def test_another_image_than_the_pins_is_somebody_elses_deployment() -> None:
    fault = identity_fault(PIN, [instance(digests=(f"sha256:{'2' * 64}",))])
    assert fault is not None
    assert not fault.of_release


@given(st.booleans(), st.lists(st.sampled_from([PIN.digest, f"sha256:{'2' * 64}", ""])))
def test_a_release_is_blamed_only_for_its_own_faults_and_never_once_it_was_good(
    of_release: bool, verified: list[str]
) -> None:
    blamed = is_to_blame(Fault("x", of_release), PIN, verified)
    assert blamed == (of_release and PIN.digest not in verified)


@given(st.binary())
def test_metrics_may_be_anything(body: bytes) -> None:
    version = built_version(body)
    assert version is None or isinstance(version, str)


@given(st.text())
def test_what_an_engine_says_may_be_anything(words: str) -> None:
    for fault in (pull_fault(PIN.image, words), engine_fault(words)):
        assert fault.reason
        assert fault.of_release or fault.hint
