"""A Ray cluster gives what one process gives, to the last bit, and a node that dies costs nothing."""

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pages import shown
from people import write_people
from polars.testing import assert_frame_equal
from spoken import spoken_suspects

ray = pytest.importorskip("ray")

from forensic.audio.channel import Channel, Noise  # noqa: E402 - only where Ray is installed
from forensic.case.audit import read_audit  # noqa: E402
from forensic.case.folder import open_case  # noqa: E402
from forensic.case.store import KEYS  # noqa: E402
from forensic.cluster import Actors  # noqa: E402
from forensic.comparison import calibrations  # noqa: E402
from forensic.comparison.request import ComparisonRequest  # noqa: E402
from forensic.engine import on_ray, run  # noqa: E402
from forensic.errors import ModelError, SettingsError  # noqa: E402
from forensic.examination.scan import ScanRequest, scan  # noqa: E402
from forensic.likelihood_ratio.population import load_population, read_rows  # noqa: E402
from forensic.settings import ComparisonSettings, Settings  # noqa: E402
from forensic.speaker.extractor import load_model  # noqa: E402
from forensic.workflows.compare import compare  # noqa: E402
from forensic.workflows.link import LinkRequest, link  # noqa: E402
from forensic.workflows.population import PopulationRequest, build_population  # noqa: E402

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


class _Unknown:
    """Steps of a package that the cluster's machines lack."""

    def __reduce__(self):
        return _missing, ()


def _missing():
    raise ModuleNotFoundError("No module named 'forensic'")


def test_a_cluster_on_which_no_actor_starts_is_a_clear_error(two_nodes):
    with on_ray(two_nodes.address), pytest.raises(SettingsError, match=r"No worker .* No module named 'forensic'"):
        list(run(_Unknown(), iter([[1], [2]]), _given_up, 2))


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
        assert_frame_equal(elsewhere[name], table, check_exact=True)


def _scan_until_the_head_is_gone(address, request, folder, said):
    """In a process of its own: says that a recording is examined, waits until the head is dead, and says the error."""

    def watch(state):
        if state.examined and not gone.exists():
            said.send("examined")
            while not gone.exists():
                time.sleep(0.05)

    gone = folder / "gone"
    try:
        with on_ray(address), open_case(folder / "there", create=True) as case:
            scan(case, request, watch)
    except SettingsError as error:
        said.send(error.problem)


@pytest.mark.parametrize("dies", ["all of it", "the directory of its head, and the worker"])
def test_a_scan_whose_cluster_loses_its_head_ends_with_a_clear_error_and_goes_on_afterwards(
    dies, two_nodes, recordings, tiny_model_folder, tmp_path
):
    import psutil  # which Ray brings
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    worker = cluster.add_node(num_cpus=1)
    request = ScanRequest((recordings,), "questioned", tiny_model_folder, Settings(), workers=3)
    here, there = multiprocessing.Pipe()
    arguments = (cluster.address, request, tmp_path, there)
    command = multiprocessing.get_context("spawn").Process(target=_scan_until_the_head_is_gone, args=arguments)
    command.start()
    there.close()
    try:
        assert here.poll(60)
        assert here.recv() == "examined"
        if dies == "all of it":
            cluster.remove_node(cluster.head_node, allow_graceful=False)
        else:
            cluster.head_node.kill_gcs_server(check_alive=False)
        orphans = psutil.Process(worker.all_processes["raylet"][0].process.pid).children()
        cluster.remove_node(worker, allow_graceful=False)
        for orphan in orphans:  # which would go on for seconds, and may be done by then
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.kill()
        (tmp_path / "gone").touch()
        assert here.poll(60)
        assert "has lost its head" in here.recv()
        command.join(60)
        assert command.exitcode == 0
    finally:
        command.kill()
        for node in cluster.list_all_nodes():  # without a word to the head, which would be waited for
            cluster.remove_node(node, allow_graceful=False)
    alone = dataclasses.replace(request, workers=1)
    with open_case(tmp_path / "there", create=False) as case:
        assert 0 < scan(case, alone, lambda _: None).examined < 3
    with open_case(tmp_path / "here", create=True) as case:
        scan(case, alone, lambda _: None)
    one, other = _evidence(tmp_path / "here"), _evidence(tmp_path / "there")
    for name, table in one.items():
        assert_frame_equal(other[name], table, check_exact=True)


@pytest.fixture
def suspects(tmp_path):
    return spoken_suspects(tmp_path / "suspects", 8.0)


@pytest.fixture
def where(two_nodes, monkeypatch):
    """The engines, by name, each with its number of workers; few calibrations are enough for Ray."""
    monkeypatch.setattr(calibrations, "_WORTH_A_PROCESS", 1)
    return {"here": (nullcontext, 1), "there": (lambda: on_ray(two_nodes.address), 2)}


@pytest.fixture
def on_actors(monkeypatch):
    """The names of the steps that actors ran."""
    names, original = [], Actors.run

    def run(actors, batches):
        names.append(type(actors.start.args[0]).__name__)
        return original(actors, batches)

    monkeypatch.setattr(Actors, "run", run)
    return names


@pytest.mark.usefixtures("quick_pdf")
def test_lrs_and_links_of_two_nodes_are_those_of_one_process(
    where, on_actors, recordings, suspects, population_folder, tmp_path
):
    settings = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))
    comparison = ComparisonRequest(suspects, population_folder, settings)
    linking = LinkRequest(population_folder, settings, -100.0)
    compared, linked, pairs = {}, {}, {}
    for name, (engine, workers) in where.items():
        with engine(), open_case(tmp_path / name, create=True) as case:
            scan(case, ScanRequest((recordings,), "questioned", population_folder, settings, workers=workers), _ignore)
            result = compare(case, dataclasses.replace(comparison, workers=workers), _ignore, _ignore)
            links = link(case, dataclasses.replace(linking, workers=workers), _ignore)
        assert result.comparisons["log10_lr"].is_not_null().all()
        assert links.links.height
        compared[name], linked[name] = result.comparisons, links.links
        pairs[name] = pl.read_parquet(links.folder / "pairs.parquet")
    for table in (compared, linked, pairs):
        assert_frame_equal(table["here"], table["there"], check_exact=True)
    assert {*on_actors} == {"Examiner", "CalibrationStep"}


def test_a_population_of_two_nodes_is_that_of_one_process(where, on_actors, tiny_model_folder, tmp_path):
    people = write_people(tmp_path / "people", 4)
    channels = (Channel("clean"), Channel("noise", (Noise(10.0, "white"),)))
    sha256 = load_model(tiny_model_folder).identity.sha256
    rows, embeddings = {}, {}
    for name, (engine, workers) in where.items():
        request = PopulationRequest(people, (), tiny_model_folder, tmp_path / name, workers, channels=channels)
        with engine():
            folder = build_population(request, _ignore)
        rows[name], embeddings[name] = read_rows(folder), load_population(folder, sha256).embeddings
    assert_frame_equal(rows["here"], rows["there"], check_exact=True)
    np.testing.assert_array_equal(embeddings["here"], embeddings["there"])
    assert len(on_actors) == 1


def test_the_commands_of_the_page_run_on_a_cluster(two_nodes, population_folder, shell, tmp_path, monkeypatch):
    """With an untrained model, whose LRs say nothing; what is written to disk is on a disk that both nodes see."""
    monkeypatch.setattr("forensic.speaker.extractor.default_model_folder", lambda: population_folder)
    write_people(tmp_path / "evidence", 2)
    spoken_suspects(tmp_path / "suspects", 8.0)
    places = {"/evidence": "evidence", "/suspects": "suspects", "/cases/mycase": "mycase"}
    meant = {name: str(tmp_path / place) for name, place in places.items()} | {"HEAD:6379": two_nodes.address}
    lines = shown("docs/cluster.md")
    for line in lines:
        code, printed, complaint = shell(*[meant.get(word, word) for word in line.split()[1:]])
        assert code == 0, f"{line}\n{printed}{complaint}"
    done = [line.action for line in read_audit(tmp_path / "mycase" / "audit.jsonl").lines if line.action != "write"]
    assert done == ["scan", "scan", "compare"]  # of the calls; of the suspects, and the comparison


def _ignore(*_):
    pass
