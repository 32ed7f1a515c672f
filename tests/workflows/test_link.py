"""All voices of a case against each other: one LR a pair, copies kept apart, clusters, a report."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest
from factories import write_call, write_wav
from spoken import spoken

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.case.store import SCHEMAS
from forensic.comparison.tables import LINKS_SCHEMA, PAIRS_SCHEMA, STATUS_NONE, VOICES_SCHEMA
from forensic.errors import CaseError
from forensic.settings import ComparisonSettings, LinkSettings, Settings
from forensic.speaker.extractor import load_model
from forensic.workflows.link import LinkRequest, link

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))
_EVERYTHING = -100.0  # a threshold that every LR reaches
_NEVER = 100.0  # and one that none does


@pytest.fixture
def calls(tmp_path):
    """Two recordings of one voice each, a call of two, an excerpt of the first, a short one, a silent one."""
    root = tmp_path / "calls"
    root.mkdir()
    whole = spoken("adler", 14.0)
    write_wav(root / "a.wav", whole)
    write_wav(root / "b.wav", spoken("brook", 10.0))
    write_call(root / "call.wav", spoken("carver", 12.0), spoken("dale", 12.0))
    write_wav(root / "excerpt.wav", 0.3 * whole[4 * 16_000 : 11 * 16_000])
    write_wav(root / "silent.wav", np.zeros(48_000, np.float32))
    (root / "copy of b.wav").write_bytes((root / "b.wav").read_bytes())
    return root


@pytest.fixture
def run_link(tmp_path, population_folder):
    def run(threshold=_EVERYTHING, settings=_SETTINGS):
        with open_case(tmp_path / "case", create=False) as case:
            return link(case, LinkRequest(population_folder, settings, threshold), lambda _: None)

    return run


def test_every_pair_of_voices_stands_in_the_table_once(calls, run_scan, run_link):
    run_scan(calls)
    result = run_link()
    assert result.voices.schema == pl.Schema(VOICES_SCHEMA)
    assert result.links.schema == pl.Schema(LINKS_SCHEMA)
    assert [row["path"].rpartition("/")[2] for row in result.voices.to_dicts()] == [
        "a.wav",
        "b.wav",
        "call.wav",
        "call.wav",
        "excerpt.wav",
    ]
    pairs = pl.read_parquet(result.folder / "pairs.parquet")
    assert pairs.schema == pl.Schema(PAIRS_SCHEMA)
    found = {frozenset(pair) for pair in pairs.select("known_voice", "questioned_voice").rows()}
    assert len(found) == pairs.height == 5 * 4 // 2


def test_the_voice_with_more_speech_takes_the_known_side(calls, run_scan, run_link):
    run_scan(calls)
    result = run_link()
    speech_s = dict(result.voices.select("voice", "net_speech_s").rows())
    assert all(speech_s[row["known_voice"]] >= speech_s[row["questioned_voice"]] for row in result.links.to_dicts())


def test_a_copy_is_suspected_and_not_linked(calls, run_scan, run_link):
    run_scan(calls)
    result = run_link()
    (suspicion,) = result.suspicions
    assert suspicion.kind == "same source"
    voice = {row["path"].rpartition("/")[2]: row["voice"] for row in result.voices.to_dicts()}
    pairs = pl.read_parquet(result.folder / "pairs.parquet")
    both = {voice["a.wav"], voice["excerpt.wav"]}
    (row,) = [one for one in pairs.to_dicts() if {one["known_voice"], one["questioned_voice"]} == both]
    assert (row["status"], row["log10_lr"]) == (STATUS_NONE, None)
    assert not any({one["known_voice"], one["questioned_voice"]} == both for one in result.links.to_dicts())
    assert "same source" in result.html.read_text()
    allowed = Settings(comparison=ComparisonSettings(**_overruled()))
    assert run_link(settings=allowed).results["pairs_with_lr"] == result.results["pairs_with_lr"] + 1


def _overruled():
    return {"bootstrap_draws": 100, "max_condition_distance": 50.0, "allow_same_source": True}


def test_the_channels_of_one_recording_are_not_linked(calls, run_scan, run_link):
    run_scan(calls)
    result = run_link()
    call = result.voices.filter(pl.col("path").str.ends_with("call.wav"))
    assert call["channel"].to_list() == [1, 2]
    assert not any(
        {row["known_voice"], row["questioned_voice"]} == set(call["voice"]) for row in result.links.to_dicts()
    )
    everything = result.clusters[0]
    assert set(call["voice"]) <= set(everything.voices)
    assert everything.holds_two_of_one_recording
    assert "of one recording, in which they count as two speakers" in result.html.read_text()


@pytest.fixture
def three_people(tmp_path, population_folder):
    _make_people(tmp_path / "case", population_folder, 3, 0.3)


@pytest.fixture
def many_people(tmp_path, population_folder):
    """Their recordings differ so much that some are nearer to another person's."""
    _make_people(tmp_path / "case", population_folder, 20, 1.5)


def _make_people(folder, population_folder, people, spread):
    """A case of so many people with three recordings each, made without audio."""
    model = load_model(population_folder)
    random = np.random.default_rng(5)
    key = {"channel": 0, "model_sha256": model.identity.sha256, "settings_sha256": _SETTINGS.evidence_sha256}
    tables = {name: [] for name in SCHEMAS}
    for person in range(people):
        own = random.standard_normal(model.identity.embedding_size)
        for take in range(3):
            embedding = own + spread * random.standard_normal(len(own))
            one = {"sha256": f"{person:02}{take:02}" * 16} | key
            of_turn = one | {"turn": 0, "speakers": 1, "labels_sha256": ""}
            path = {"path": f"/calls/{person}-{take}.wav", "side": "questioned", "status": "audio"}
            tables["files"].append(one | path)
            tables["recordings"].append(one | {"duration_s": 9.0, "labels_sha256": ""})
            tables["quality"].append(
                of_turn | {"net_speech_s": 8.0, "bandwidth_hz": 7800.0, "snr_db": 35.0, "clipped_share": 0.0}
            )
            tables["embeddings"].append(of_turn | {"embedding": (embedding / np.linalg.norm(embedding)).tolist()})
            bits = random.integers(1, 1 << 32, 200, dtype=np.uint32)
            tables["fingerprints"].append(one | {"fingerprint": bits.astype("<u4").tobytes()})
    with open_case(folder, create=True) as case:
        case.evidence.append(
            {
                name: pl.DataFrame(
                    [{column: row.get(column) for column in SCHEMAS[name]} for row in rows], SCHEMAS[name]
                )
                for name, rows in tables.items()
            }
        )


def test_the_recordings_of_each_person_are_one_cluster(three_people, run_link):
    result = run_link(threshold=0.5)
    person = {row["voice"]: row["path"].rpartition("/")[2][0] for row in result.voices.to_dicts()}
    assert sorted("".join(sorted(person[voice] for voice in one.voices)) for one in result.clusters) == [
        "000",
        "111",
        "222",
    ]
    assert all(one.together > 0.5 for one in result.clusters)
    assert all(one.mean_log10_lr >= one.lowest_log10_lr for one in result.clusters)
    assert result.suspicions == ()


def test_links_reach_the_threshold_and_clusters_its_mean(three_people, run_link):
    every = run_link()
    threshold = 0.5
    some = run_link(threshold)
    assert 0 < some.links.height < every.links.height
    assert some.links["log10_lr"].min() >= threshold
    assert all(cluster.mean_log10_lr >= threshold for cluster in some.clusters)
    assert some.links["share_of_draws"].is_between(0.0, 1.0).all()
    none = run_link(_NEVER)
    assert none.links.is_empty()
    assert none.clusters == ()
    assert "No two voices are joined" in none.html.read_text()


def _by_candidates(candidates):
    return dataclasses.replace(_SETTINGS, link=LinkSettings(candidates, complete_up_to=0))


def test_few_candidates_of_each_voice_give_the_links_and_clusters_of_all_pairs(many_people, run_link):
    """The LRs of the pairs that are weighed, what chance gives and the calibrations are those of all pairs, too."""
    threshold = 0.5
    whole, some = run_link(threshold), run_link(threshold, _by_candidates(8))
    assert 1 < whole.links["known_voice"].n_unique() < whole.links.height
    assert len(whole.clusters) > 3
    key = ["known_voice", "questioned_voice"]
    pairs, weighed = (pl.read_parquet(each.folder / "pairs.parquet") for each in (whole, some))
    assert weighed.height < pairs.height / 2
    both = weighed.join(pairs, on=key, suffix="_whole")
    assert both.height == weighed.height == some.results["pairs_with_lr"]
    np.testing.assert_allclose(both["log10_lr"], both["log10_lr_whole"], atol=1e-6)
    assert some.links.select(key).equals(whole.links.select(key))
    assert [one.voices for one in some.clusters] == [one.voices for one in whole.clusters]
    assert [one.pairs for one in some.clusters] == [one.pairs for one in whole.clusters]
    assert some.results["expected_by_chance"] == whole.results["expected_by_chance"]
    assert some.results["calibrations"] == whole.results["calibrations"]
    assert some.results["pairs"] == whole.results["pairs"] == 60 * 59 // 2
    assert some.results["pairs_pruned"] == whole.results["pairs_with_lr"] - some.results["pairs_with_lr"]


def test_what_was_pruned_is_stated_with_the_rule(many_people, run_link):
    result = run_link(0.5, _by_candidates(8))
    rule = "The score is below those of the 8 best pairs of each of the two voices"
    assert rule in result.results["pruned_because"]
    page = " ".join(result.html.read_text().split())
    assert f"{result.results['pairs_pruned']:,} pairs were pruned. {rule}" in page
    assert "Every voice was compared with every other" not in page
    assert "Every pair has an LR" not in page
    whole = run_link(0.5)
    assert (whole.results["pairs_pruned"], whole.results["pruned_because"]) == (0, None)
    assert "pruned" not in whole.html.read_text()


def test_no_pair_is_pruned_whose_score_is_among_the_best_of_a_voice(many_people, run_link):
    weighed = pl.read_parquet(run_link(_NEVER, _by_candidates(4)).folder / "pairs.parquet")
    every = pl.read_parquet(run_link(_NEVER).folder / "pairs.parquet")
    kept = set(weighed.select("known_voice", "questioned_voice").iter_rows())
    best = set()
    for voice in range(1, 61):
        own = every.filter((pl.col("known_voice") == voice) | (pl.col("questioned_voice") == voice))
        best |= set(own.sort("score").tail(4).select("known_voice", "questioned_voice").iter_rows())
    assert kept == best


def test_dependent_pairs_take_no_candidates_place(calls, run_scan, run_link):
    run_scan(calls)
    whole, some = run_link(), run_link(settings=_by_candidates(1))
    assert some.results["no_lr_issued"] == whole.results["no_lr_issued"]
    assert some.voices["pairs_with_lr"].min() >= 1
    results = some.results
    refused = sum(row["pairs"] for row in results["no_lr_issued"])
    assert results["pairs"] == results["pairs_with_lr"] + results["pairs_pruned"] + refused


def test_results_are_whole_and_noted_in_the_audit_log(calls, run_scan, run_link, tmp_path):
    run_scan(calls)
    result = run_link()
    assert {path.name for path in result.folder.iterdir()} == {
        "links.csv",
        "links.parquet",
        "pairs.parquet",
        "outcome.zip",
        "report.html",
        "report.pdf",
        "results.json",
        "voices.csv",
        "voices.parquet",
    }
    results = json.loads((result.folder / "results.json").read_text())
    assert results["pairs"] == 10
    assert results["pairs"] == results["pairs_with_lr"] + sum(row["pairs"] for row in results["no_lr_issued"])
    assert {row["calibration_id"] for row in results["links"]} <= set(results["calibrations"])
    assert results["expected_by_chance"][0]["expected"] == pytest.approx(results["pairs_with_lr"])
    assert any(failure["problem"].startswith("No speech") for failure in results["failures"])
    with open_case(tmp_path / "case", create=False) as case:
        assert [line.action for line in read_audit(case.audit_log).lines if line.action != "write"] == ["scan", "link"]
        assert json.loads(case.audit_log.read_text().splitlines()[-1])["action"] == "link"


def test_a_pair_has_the_lr_that_its_calibration_gives_its_score(calls, run_scan, run_link):
    run_scan(calls)
    result = run_link()
    for row in result.links.to_dicts():
        fitted = result.results["calibrations"][row["calibration_id"]]
        values = np.array(fitted["score_map"]["log10_lr"])
        place = (row["score"] - fitted["score_map"]["start"]) / fitted["score_map"]["step"]
        left = int(np.clip(np.floor(place), 0, len(values) - 2))
        expected = values[left] + (place - left) * (values[left + 1] - values[left])
        assert row["unbounded_log10_lr"] == pytest.approx(expected, abs=1e-5)
        bounded = np.clip(expected, fitted["lower_bound_log10_lr"], fitted["upper_bound_log10_lr"])
        assert row["log10_lr"] == pytest.approx(bounded, abs=1e-5)


@pytest.mark.parametrize("complete_up_to", [0, 100])
def test_too_short_voices_are_listed_with_the_reason(calls, run_scan, run_link, complete_up_to):
    run_scan(calls)
    strict = Settings(
        comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0, min_net_speech_s=60.0),
        link=LinkSettings(complete_up_to=complete_up_to),
    )
    result = run_link(settings=strict)
    assert result.links.is_empty()
    assert all("Too little speech" in reason for reason in result.voices["reason"])
    assert result.results["pairs_with_lr"] == 0
    assert result.results["pairs_pruned"] == 0
    pairs = pl.read_parquet(result.folder / "pairs.parquet")
    assert pairs.height == (10 if complete_up_to else 0)
    assert set(pairs["status"]) <= {STATUS_NONE}


def test_a_case_with_one_voice_has_nothing_to_link(tmp_path, run_scan, run_link):
    (tmp_path / "one").mkdir()
    write_wav(tmp_path / "one" / "a.wav", spoken("adler", 8.0))
    run_scan(tmp_path / "one")
    with pytest.raises(CaseError, match="Fewer than two voices"):
        run_link()
