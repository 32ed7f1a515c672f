"""Our functions against figures that others published; see the README beside this file."""

import tomllib
import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from forensic.audio.source import open_source, opened
from forensic.audio.views import View
from forensic.likelihood_ratio.bounds import elub
from forensic.likelihood_ratio.calibrators import fit_bi_gaussianized
from forensic.likelihood_ratio.isotonic import block_starts
from forensic.likelihood_ratio.metrics import LN10, cllr, eer
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.score_map import log10_lr_at
from forensic.likelihood_ratio.student import student_quantile
from forensic.speaker.features import band_edges_hz

_FOLDER = Path(__file__).parent
_NAMES = sorted(path.stem for path in _FOLDER.glob("*.toml"))


def published(name):
    """One file of this folder."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text())


def bi_gaussian(variance, count=20_000):
    """Log10 LRs of a perfectly calibrated system, at even quantiles: where H1 is true, and where H2 is."""
    ln_lr = variance / 2 + np.sqrt(variance) * ndtri((np.arange(count) + 0.5) / count)
    return ln_lr / LN10, -ln_lr / LN10


@pytest.mark.parametrize("name", _NAMES)
def test_every_file_says_where_it_is_from_and_is_listed(name):
    """Source, DOI and licence, and a row in the README."""
    content = published(name)
    assert all(content[key] for key in ("source", "doi", "licence"))
    assert f"`{name}.toml`" in (_FOLDER / "README.md").read_text()


def test_bounds_are_those_of_vergeers_breath_analyser():
    """As lir finds them."""
    content = published("elub")
    same, different = (np.repeat(np.log10(part["lr"]), part["count"]) for part in _classes(content))
    lower, upper = elub(same, different)
    assert 10**lower == pytest.approx(content["published"]["lower_lr"], rel=1e-6)
    assert 10**upper == pytest.approx(content["published"]["upper_lr"], rel=1e-6)


def _classes(content):
    return content["where_h1_is_true"], content["where_h2_is_true"]


@pytest.mark.parametrize("variance", [0.1, 0.5, 1, 2, 4, 6, 9, 12, 16, 20, 25, 30, 40, 50])
def test_cllr_of_perfect_calibration_is_morrisons(variance):
    """From useless (0.98) to excellent (0.001)."""
    curve = published("bi_gaussian")["cllr_of_variance"]
    expected = np.exp(curve["b"] * (np.exp(-curve["c"] * variance) - 1))
    assert cllr(*bi_gaussian(variance)) == pytest.approx(expected, abs=curve["error_of_the_regression"])


@pytest.mark.parametrize("variance", [0.5, 1, 4, 9, 16])
def test_eer_of_perfect_calibration_is_van_leeuwens_and_brummers(variance):
    """It follows from the variance alone."""
    assert eer(*bi_gaussian(variance)) == pytest.approx(ndtr(-np.sqrt(variance) / 2), abs=1e-4)


def test_bi_gaussianized_calibration_leaves_morrisons_example_as_it_is():
    """Scores that are perfectly calibrated ln LRs already; the ends, where no score is left to count, aside."""
    example = published("bi_gaussian")["example"]
    assert example["mean"] == example["standard_deviation"] ** 2 / 2
    same, different = (LN10 * part for part in bi_gaussian(example["standard_deviation"] ** 2, 1_000))
    speaker = np.arange(1_000)
    pairs = Pairs(same, speaker, different, speaker, np.roll(speaker, 1), 1_000)
    maps = fit_bi_gaussianized(pairs, np.ones((1, 1_000)), pseudo_speakers=1e-6)
    ln_lr = np.linspace(-9, 9, 19)
    np.testing.assert_allclose(LN10 * log10_lr_at(maps, ln_lr)[0], ln_lr, atol=0.1)


def test_pooled_values_are_those_of_the_manual():
    """Two blocks."""
    content = published("isotonic")
    values = np.array(content["values"], np.float64)
    starts = block_starts(values, np.ones(len(values)))
    size = np.diff(starts, append=len(values))
    pooled = np.repeat(np.add.reduceat(values, starts) / size, size)
    np.testing.assert_allclose(pooled, content["pooled"], atol=0.005)  # printed with two digits


def test_quantiles_of_students_t_are_those_of_the_table():
    """Printed with three digits."""
    content = published("student")
    for degrees, values in content["critical_values"].items():
        found = [student_quantile(probability, float(degrees)) for probability in content["probability"]]
        np.testing.assert_allclose(found, values, atol=0.0006)


def test_bands_lie_on_slaneys_scale():
    """What librosa spaces evenly is evenly spaced among the edges of our bands, in both halves of the scale."""
    frequencies_hz = np.array(published("mel")["frequencies_hz"])
    edges_hz = band_edges_hz()
    number = np.arange(len(edges_hz))
    low_hz = frequencies_hz[frequencies_hz < 900]
    high_hz = frequencies_hz[(frequencies_hz > 1_100) & (frequencies_hz < 8_000)]
    high = edges_hz >= 1_000
    low_place = np.interp(low_hz, edges_hz, number)
    high_place = np.interp(np.log(high_hz), np.log(edges_hz[high]), number[high])
    step = low_place[1]
    np.testing.assert_allclose(np.diff(low_place), step, atol=2e-4)
    np.testing.assert_allclose(np.diff(high_place), step, atol=2e-4)


@pytest.mark.parametrize(("law", "tag"), [("a_law", 6), ("mu_law", 7)])
def test_companded_codes_decode_to_what_the_recommendation_prints(tmp_path, law, tag):
    """The first and last code of each segment, loudest first; at 16 kHz, so that nothing is resampled."""
    content = published("g711")[law]
    codes = [((segment << 4) | place) ^ content["inverted"] for segment in range(7, -1, -1) for place in (15, 0)]
    path = tmp_path / "codes.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(16_000)
        file.writeframes(bytes(codes) * 1_000)
    content_of_file = bytearray(path.read_bytes())
    content_of_file[20:22] = tag.to_bytes(2, "little")  # the format tag: 1 is linear
    path.write_bytes(content_of_file)
    with path.open("rb") as file, opened(View(file)) as (container, view):  # before rumble is taken away
        samples = np.concatenate(list(open_source(view, container, 0, limit_s=60.0).chunks()), axis=1)
    expected = np.tile(np.array(content["output"]) / content["full_scale"], 1_000)
    np.testing.assert_array_equal(samples[0], expected.astype(np.float32))
