"""A Ray cluster gives what one process gives, and a node that dies costs nothing."""

import os
import signal
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

ray = pytest.importorskip("ray")

from forensic.case.folder import open_case  # noqa: E402 - only where Ray is installed
from forensic.case.store import KEYS  # noqa: E402
from forensic.engine import on_ray, run  # noqa: E402
from forensic.errors import ModelError, SettingsError  # noqa: E402
from forensic.examination.scan import ScanRequest, scan  # noqa: E402
from forensic.settings import Settings  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray leaves sockets and files open


@pytest.fixture(scope="module")
def two_nodes():
    """Two nodes of one processor each, on this machine."""
    from ray.cluster_utils import Cluster

    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # actors find the package, and these tests
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


class _Poisonous:
    """Doubles numbers; -1 kills its process, and 0 says which process it is."""

    def __call__(self, items):
        for item in items:
            if item == -1:
                os._exit(9)
        time.sleep(0.05)
        return [2 * item if item else os.getpid() for item in items]


def _start():
    return _Poisonous()


def _no_model():
    raise ModelError("There is no model.", "Name one.")


def _given_up(item):
    return f"gave up {item}"


def test_an_item_that_kills_its_actor_is_given_up_and_no_other(two_nodes):
    items = [*range(1, 12), -1, *range(12, 20)]
    batches = iter([items[first : first + 3] for first in range(0, len(items), 3)])
    with on_ray(two_nodes.address):
        results = [result for batch in run(_start, batches, _given_up, 2) for result in batch]
    assert sorted(map(str, results)) == sorted(["gave up -1", *(str(2 * item) for item in items if item > 0)])


def test_actors_that_are_killed_in_the_middle_cost_nothing(two_nodes):
    def batches():
        for number in range(1, 30):
            yield [number, 0]

    killed, results = set(), []
    with on_ray(two_nodes.address):
        for number, process in run(_start, batches(), _given_up, 2):
            results.append(number)
            if len(killed) < 2 and process not in killed:
                os.kill(process, signal.SIGKILL)
                killed.add(process)
    assert len(killed) == 2
    assert sorted(results) == [2 * number for number in range(1, 30)]


def test_an_error_where_the_step_is_made_is_that_error(two_nodes):
    with on_ray(two_nodes.address), pytest.raises(ModelError, match="no model"):
        list(run(_no_model, iter([[1], [2]]), _given_up, 2))


def test_no_cluster_at_the_address_is_a_clear_error():
    with pytest.raises(SettingsError, match="no Ray cluster at"), on_ray("127.0.0.1:1"):
        pass


def _evidence(case: Path) -> dict[str, pl.DataFrame]:
    with open_case(case, create=False) as opened:
        tables = {name: opened.evidence.read(name) for name in ("recordings", "quality", "embeddings", "segments")}
    return {name: table.sort(KEYS[name]) for name, table in tables.items()}


def test_a_scan_on_two_nodes_one_of_which_dies_gives_the_evidence_of_one_process(
    two_nodes, recordings, tiny_model_folder, tmp_path
):
    node = two_nodes.add_node(num_cpus=1)
    two_nodes.wait_for_nodes()
    died = []

    def watch(state):
        if state.examined and not died:
            two_nodes.remove_node(node, allow_graceful=False)
            died.append(state.examined)

    request = ScanRequest((recordings,), "questioned", tiny_model_folder, Settings(), workers=1)
    with open_case(tmp_path / "here", create=True) as case:
        scan(case, request, lambda _: None)
    there = ScanRequest((recordings,), "questioned", tiny_model_folder, Settings(), workers=3)
    with on_ray(two_nodes.address), open_case(tmp_path / "there", create=True) as case:
        summary = scan(case, there, watch)
    assert died
    assert (summary.examined, summary.failed) == (3, 0)
    here, elsewhere = _evidence(tmp_path / "here"), _evidence(tmp_path / "there")
    for name, table in here.items():
        assert_frame_equal(elsewhere[name], table, abs_tol=1e-6, rel_tol=1e-6)  # of BLAS with more threads, or fewer
