"""Recordings as they really are: all their sound is examined, or its absence is said."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from factories import Waveform, voice, write_audio, write_format, write_wav

from forensic.audio.decode import open_recording, probe
from forensic.audio.rumble import without_rumble
from forensic.errors import DecodeError
from forensic.settings import AudioSettings, raw_format

USE_DAMAGED = AudioSettings(damaged="use")
ONE, OTHER = voice(6.0, seed=1, pitch_hz=110.0), voice(6.0, seed=2, pitch_hz=210.0)


def read(path: Path, settings: AudioSettings | None = None) -> tuple[dict[int, np.ndarray], str]:
    """Samples by channel, and the notes."""
    pieces: dict[int, list[np.ndarray]] = {}
    with open_recording(path, settings or AudioSettings()) as recording:
        for block in recording.blocks():
            pieces.setdefault(block.channel, []).append(block.samples)
        return {number: np.concatenate(own) for number, own in pieces.items()}, " ".join(recording.notes)


def seconds(path: Path, settings: AudioSettings | None = None) -> float:
    """Length of the only channel."""
    (samples,) = read(path, settings)[0].values()
    return len(samples) / 16_000


def wav(samples: Waveform, rate_hz: int = 16_000, order: str = "<") -> bytes:
    """A 16-bit mono WAV file, RIFF or RIFX."""
    data = np.round(samples * 32767).astype(f"{order}i2").tobytes()
    form = struct.pack(f"{order}HHIIHH", 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    body = b"WAVEfmt " + struct.pack(f"{order}I", 16) + form + b"data" + struct.pack(f"{order}I", len(data)) + data
    return (b"RIFF" if order == "<" else b"RIFX") + struct.pack(f"{order}I", len(body)) + body


# What lies below the voice --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.01, 0.03, 0.05, 0.3])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_u8"])
def test_an_offset_is_gone(tmp_path, offset, codec):
    clean = write_audio(tmp_path / "clean.wav", 0.2 * ONE, codec=codec)
    shifted = write_audio(tmp_path / "shifted.wav", 0.2 * ONE + np.float32(offset), codec=codec)
    one, other = read(clean)[0][0], read(shifted)[0][0]
    assert abs(other.mean()) < 1e-4
    assert np.sqrt(np.mean((one - other) ** 2)) < (0.006 if codec == "pcm_u8" else 2e-4)


def test_a_drifting_offset_and_a_hum_are_gone(tmp_path):
    times = np.arange(len(ONE)) / 16_000
    drift = 0.2 * np.sin(2 * np.pi * 0.3 * times)
    hum = 0.05 * np.sin(2 * np.pi * 50.0 * times)
    write_wav(tmp_path / "a.wav", (0.3 * ONE + drift + hum).astype(np.float32))
    samples = read(tmp_path / "a.wav")[0][0]
    left = samples - 0.3 * ONE
    assert np.sqrt(np.mean(left[8_000:-8_000] ** 2)) < 0.01 * 0.05


def test_a_clean_voice_is_left_as_it_is():
    cleaned = without_rumble(ONE)
    assert np.sqrt(np.mean((cleaned - ONE) ** 2) / np.mean(ONE**2)) < 0.01


def test_a_filtered_signal_is_as_long_as_before_however_short():
    for length in (0, 1, 2, 100, 5_000, 40_000):
        assert len(without_rumble(ONE[:length])) == length


@pytest.mark.parametrize("common", ["offset", "hum"])
def test_channels_with_an_offset_or_hum_in_common_are_two_signals(tmp_path, common):
    times = np.arange(len(ONE)) / 16_000
    shared = np.full(len(ONE), 0.2) if common == "offset" else 0.3 * np.sin(2 * np.pi * 50.0 * times)
    path = write_wav(tmp_path / "a.wav", np.stack([0.1 * ONE + shared, 0.1 * OTHER + shared]).astype(np.float32))
    assert list(read(path)[0]) == [1, 2]


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw"])
def test_a_dead_companded_channel_is_left_out(tmp_path, codec):
    """Silence in A-law is no zero."""
    path = write_audio(tmp_path / "a.wav", np.stack([ONE, np.zeros_like(ONE)]), codec=codec)
    samples, notes = read(path)
    assert list(samples) == [1]
    assert "Channel 2 is digitally silent" in notes


def test_channels_of_a_quiet_recording_are_kept_apart(tmp_path):
    path = write_audio(tmp_path / "a.wav", np.stack([2e-4 * ONE, 2e-4 * OTHER]), codec="pcm_f32le")
    assert list(read(path)[0]) == [1, 2]


# More audio than the first piece --------------------------------------------------------------------------------------


def test_wav_after_wav_is_two_sources(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(ONE) + wav(OTHER, 8_000))
    samples, notes = read(path)
    np.testing.assert_allclose(samples[1], without_rumble(ONE), atol=1e-4)
    assert len(samples[2]) == 2 * len(OTHER)
    assert "2 recordings, one after the other: recording 1 is channel 1, recording 2 is channel 2" in notes


def test_two_data_chunks_are_both_examined(tmp_path):
    path = tmp_path / "a.wav"
    second = np.round(OTHER * 32767).astype("<i2").tobytes()
    path.write_bytes(wav(ONE) + b"data" + struct.pack("<I", len(second)) + second)
    samples, notes = read(path)
    np.testing.assert_allclose(samples[1], without_rumble(ONE), atol=1e-4)
    np.testing.assert_allclose(samples[2], without_rumble(OTHER), atol=1e-4)
    assert "2 recordings" in notes


@pytest.mark.parametrize("name", ["m4a", "flac", "aiff", "mkv", "au", "wma", "caf", "w64", "webm"])
def test_a_container_after_a_container_is_examined_too(tmp_path, name):
    content = write_format(tmp_path, name).read_bytes()
    path = tmp_path / "twice"
    path.write_bytes(content * 2)
    samples, _ = read(path)
    assert [len(samples[number]) / 16_000 for number in (1, 2)] == pytest.approx([6.0, 6.0], abs=0.15)


@pytest.mark.parametrize(("first", "second"), [("wav 16 bit", "m4a"), ("m4a", "flac"), ("flac", "wav 16 bit")])
def test_another_kind_of_container_after_the_first_is_examined_too(tmp_path, first, second):
    path = tmp_path / "spliced"
    path.write_bytes(write_format(tmp_path, first).read_bytes() + write_format(tmp_path, second).read_bytes())
    samples, _ = read(path)
    assert [len(samples[number]) / 16_000 for number in (1, 2)] == pytest.approx([6.0, 6.0], abs=0.15)


def test_another_recording_may_have_other_channels_and_may_be_damaged(tmp_path):
    stereo = write_wav(tmp_path / "b.wav", np.stack([ONE, OTHER])).read_bytes()
    path = tmp_path / "a.wav"
    path.write_bytes(wav(ONE) + stereo)
    assert list(read(path)[0]) == [1, 2, 3]
    path.write_bytes(wav(ONE) + stereo[:-200_000])
    with pytest.raises(DecodeError, match=r"damaged: Recording 2: the file breaks off"):
        read(path)
    samples, notes = read(path, USE_DAMAGED)
    assert len(samples[1]) == len(ONE)
    assert 0 < len(samples[2]) < len(ONE)
    assert "Recording 2: Damaged, and used only up to" in notes


def test_a_cut_wav_is_damage_although_a_nameless_chunk_hides_its_audio(tmp_path):
    """FFmpeg finds the audio behind it; the header states how long the whole file is."""
    whole = wav(voice(4.0))
    nameless = bytes(4) + (26).to_bytes(4, "little") + bytes(26)
    content = bytearray(whole[:36] + nameless + whole[36:])
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    (tmp_path / "whole.wav").write_bytes(content)
    assert seconds(tmp_path / "whole.wav") == pytest.approx(4.0)
    (tmp_path / "cut.wav").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(DecodeError, match="breaks off"):
        seconds(tmp_path / "cut.wav")


@pytest.mark.parametrize("name", ["aiff", "mp3", "mkv", "caf"])
def test_bytes_that_belong_to_nothing_are_measured(tmp_path, name):
    path = write_format(tmp_path, name)
    content = path.read_bytes()
    path.write_bytes(content + np.random.default_rng(0).bytes(len(content) // 2))
    with pytest.raises(DecodeError, match="damaged"):
        read(path)


def test_what_a_header_does_not_count_is_examined_where_it_can_be_reached(tmp_path):
    path = write_format(tmp_path, "au")
    content = bytearray(path.read_bytes())
    content[8:12] = struct.pack(">I", 64_000)
    path.write_bytes(content)
    assert seconds(path) == 6.0
    assert "The header counts 2.00 s; all 6.00 s of sound were examined" in read(path)[1]


def test_an_aiff_header_that_counts_less_than_there_is_is_damage(tmp_path):
    path = write_format(tmp_path, "aiff")
    content = bytearray(path.read_bytes())
    place = content.index(b"SSND")
    content[place + 4 : place + 8] = struct.pack(">I", 64_008)
    content[content.index(b"COMM") + 10 : content.index(b"COMM") + 14] = struct.pack(">I", 32_000)
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=r"counts 2.00 s of audio; 12\d,\d\d\d more bytes follow"):
        read(path)
    assert seconds(path, USE_DAMAGED) == 2.0


# Less audio than promised ---------------------------------------------------------------------------------------------


def sphere(samples: Waveform, coding: str = "pcm") -> bytes:
    """A NIST SPHERE file of 16-bit samples."""
    fields = (
        f"sample_count -i {len(samples)}\nsample_n_bytes -i 2\nchannel_count -i 1\nsample_byte_format -s2 01\n"
        f"sample_rate -i 16000\nsample_coding -s{len(coding)} {coding}\nend_head\n"
    )
    head = b"NIST_1A\n   1024\n" + fields.encode()
    return head.ljust(1024) + np.round(samples * 32767).astype("<i2").tobytes()


def sox_native(samples: Waveform) -> bytes:
    """A file of SoX's own format."""
    head = struct.pack("<4sIQdII", b".SoX", 28, len(samples), 16_000.0, 1, 0)
    return head + (samples * 2**31).astype("<i4").tobytes()


@pytest.mark.parametrize("make", [sphere, sox_native])
def test_a_file_shorter_than_its_header_counts_is_damage(tmp_path, make):
    path = tmp_path / "a"
    path.write_bytes(make(ONE))
    assert seconds(path) == 6.0
    path.write_bytes(make(ONE)[:-64_000])
    with pytest.raises(DecodeError, match="breaks off"):
        read(path)
    samples, notes = read(path, USE_DAMAGED)
    assert 3.9 < len(samples[0]) / 16_000 < 5.1
    assert "Damaged" in notes


@pytest.mark.parametrize(("container", "codec"), [("mpegts", "aac"), ("asf", "wmav2"), ("wv", "wavpack")])
def test_streams_that_break_off_in_a_packet_are_damage(tmp_path, container, codec):
    path = write_audio(tmp_path / "a", ONE, codec=codec, container=container, bit_rate=64_000)
    assert seconds(path) == pytest.approx(6.0, abs=0.3)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 7])
    with pytest.raises(DecodeError, match="damaged"):
        read(path)


# Time -----------------------------------------------------------------------------------------------------------------


def write_with_gap(path: Path, start_s: float, gap_s: float, codec: str, rate_hz: int) -> Path:
    """Sound from ``start_s`` on, with a gap after 2 s of it; nothing is coded in either."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        size = 1_024 if codec == "aac" else 960
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate_hz, frame_size=size)
        frame = av.AudioFrame.from_ndarray(voice(4.0, rate_hz)[None], "fltp", "mono")
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        packets = []
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            packets += stream.encode(piece)
        packets += stream.encode(None)
        base = packets[0].time_base or Fraction(1, rate_hz)
        for packet in packets:
            late_s = start_s + (gap_s if packet.pts * base >= 2 else 0.0)
            packet.pts = packet.dts = packet.pts + round(late_s / base)
            output.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz"),
    [("a.opus", "libopus", 48_000), ("a.webm", "libopus", 48_000), ("a.mkv", "aac", 16_000), ("a.mp4", "aac", 16_000)],
)
def test_a_gap_is_kept_as_silence_in_every_container(tmp_path, name, codec, rate_hz):
    path = write_with_gap(tmp_path / name, 0.0, 2.0, codec, rate_hz)
    (samples,), notes = read(path)[0].values(), read(path)[1]
    assert len(samples) / 16_000 == pytest.approx(6.0, abs=0.2)
    assert np.abs(samples[36_000:60_000]).max() < 1e-3
    assert np.abs(samples[68_000:]).max() > 0.05
    assert "leave out" in notes


def test_sound_that_starts_late_in_an_mp4_keeps_its_times(tmp_path):
    path = write_with_gap(tmp_path / "a.mp4", 10.0, 0.0, "aac", 16_000)
    samples, notes = read(path)
    assert len(samples[0]) / 16_000 == pytest.approx(14.0, abs=0.2)
    assert np.abs(samples[0][: 9 * 16_000]).max() < 1e-3
    assert "sound starts at 9.9" in notes


# Odd headers ----------------------------------------------------------------------------------------------------------


def test_24_valid_bits_in_32_are_read(tmp_path):
    data = (np.round(ONE * (2**23 - 1)).astype("<i4") << 8).tobytes()
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16_000, 64_000, 4, 32, 22, 24, 0) + guid
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    np.testing.assert_allclose(read(path)[0][0], without_rumble(ONE), atol=1e-5)


def test_rifx_is_read_in_its_own_byte_order(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(ONE, order=">"))
    np.testing.assert_allclose(read(path)[0][0], without_rumble(ONE), atol=1e-4)


def test_sphere_with_shorten_is_named_as_such(tmp_path):
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(ONE, "pcm,embedded-shorten-v2.00"))
    with pytest.raises(DecodeError, match=r"SPHERE with shorten compression.*sph2pipe"):
        probe(path)


def test_an_mp3_of_mono_and_stereo_frames_is_read(tmp_path):
    mono = write_audio(tmp_path / "m.mp3", ONE, codec="libmp3lame", bit_rate=64_000, options={"write_xing": "0"})
    both = np.stack([ONE, OTHER])
    stereo = write_audio(tmp_path / "s.mp3", both, codec="libmp3lame", bit_rate=128_000, options={"write_xing": "0"})
    frames = [packet for path in (mono, stereo) for packet in _packets(path)]
    path = tmp_path / "a.mp3"
    path.write_bytes(b"".join(frames))
    samples, notes = read(path)
    assert list(samples) == [1, 2]
    assert len(samples[1]) / 16_000 == pytest.approx(12.0, abs=0.3)
    assert "number of channels changes" in notes


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("name", ["damaged_size", "damaged_void"])
def test_an_absurd_length_in_a_matroska_file_is_damage(tmp_path, name):
    """Seeking there must end nothing."""
    path = write_format(tmp_path, "mkv")
    content = bytearray(path.read_bytes())
    place = content.rfind(b"\x1c\x53\xbb\x6b") if name == "damaged_void" else content.find(b"\x1f\x43\xb6\x75")
    content[place : place + 12] = b"\xec\x01" + b"\xfe" * 7 + content[place + 9 : place + 12]
    path.write_bytes(content)
    with pytest.raises(DecodeError):
        read(path)


def test_a_wav_of_size_0_costs_time_in_proportion(tmp_path, monkeypatch):
    """Silence must not be walked through as chunks of no length."""
    path = tmp_path / "a.wav"
    content = bytearray(wav(np.concatenate([np.zeros(16_000 * 120, np.float32), ONE])))
    content[40:44] = bytes(4)
    path.write_bytes(content)
    reads = []
    from forensic.audio import structure
    from forensic.audio.views import View

    with path.open("rb") as file:
        view = View(file)
        monkeypatch.setattr(View, "readinto", _counted(View.readinto, reads))
        assert structure.extent(view, "wav").end == len(content)
    assert len(reads) < 20
    assert seconds(path) == 126.0


def _counted(original, calls):
    def readinto(self, buffer):
        calls.append(len(buffer))
        return original(self, buffer)

    return readinto


# Formats without a header ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codec", "declared", "tolerance"),
    [
        ("a.sln", "pcm_s16le", "codec=pcm_s16le,rate=16000", 1e-4),
        ("a.raw", "pcm_s16be", "codec=pcm_s16be,rate=16000", 1e-4),
        ("a.pcm", "pcm_f32le", "codec=pcm_f32le,rate=16000", 1e-5),
        ("a.ul", "pcm_mulaw", "codec=mulaw,rate=16000", 0.02),
        ("a.al", "pcm_alaw", "codec=alaw,rate=16000", 0.02),
    ],
)
def test_a_declared_format_is_read(tmp_path, name, codec, declared, tolerance):
    containers = {"pcm_mulaw": "mulaw", "pcm_alaw": "alaw"}
    path = write_audio(tmp_path / name, ONE, codec=codec, container=containers.get(codec, codec[4:]))
    with pytest.raises(DecodeError, match=r"Declare what they hold, for example --raw"):
        read(path)
    settings = AudioSettings(raw=(f"*{path.suffix}:{declared}",))
    np.testing.assert_allclose(read(path, settings)[0][0], without_rumble(ONE), atol=tolerance)


def test_vox_and_g722_and_interleaved_channels_are_read(tmp_path):
    (tmp_path / "a.vox").write_bytes(np.random.default_rng(0).bytes(16_000))
    assert seconds(tmp_path / "a.vox", AudioSettings(raw=("*.vox:codec=vox,rate=8000",))) == 4.0
    write_audio(tmp_path / "a.g722", ONE, codec="g722", container="g722")
    assert seconds(tmp_path / "a.g722", AudioSettings(raw=("*.g722:codec=g722",))) == pytest.approx(6.0, abs=0.1)
    both = np.stack([ONE, OTHER], axis=1)
    (tmp_path / "b.raw").write_bytes(np.round(both * 32767).astype("<i2").tobytes())
    samples = read(tmp_path / "b.raw", AudioSettings(raw=("*.raw:codec=pcm_s16le,rate=16000,channels=2",)))[0]
    np.testing.assert_allclose(samples[2], without_rumble(OTHER), atol=1e-4)


def test_a_known_header_goes_before_a_declaration(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(wav(ONE))
    samples = read(path, AudioSettings(raw=("*:codec=pcm_u8,rate=8000",)))[0][0]
    np.testing.assert_allclose(samples, without_rumble(ONE), atol=1e-4)


@pytest.mark.parametrize("name", ["a.silk", "a.ark", "a.vox", "a.raw", "a.sln16", "a.g722", "a.evs"])
def test_what_is_audio_by_name_is_a_rejection_with_a_remedy(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)) * 40)
    with pytest.raises(DecodeError, match="holds no audio that can be read") as caught:
        read(tmp_path / name)
    assert "Convert it" in caught.value.remedy or "--raw" in caught.value.remedy


def test_a_declaration_is_checked():
    from forensic.errors import SettingsError

    assert raw_format("a:b*.sln:codec=pcm_s16le, rate=8000").glob == "a:b*.sln"
    wrong = (
        "*.sln",
        "*.sln:codec=mp3,rate=8000",
        "*.sln:codec=pcm_s16le",
        "*.x:codec=g722,rate=8000",
        ":codec=gsm",
        "*.sln:codec=pcm_s16le,rate=fast",
        "*.sln:codec=pcm_s16le,rate=8000,colour=red",
    )
    for text in wrong:
        with pytest.raises(SettingsError):
            raw_format(text)


def test_an_mp3_that_starts_in_the_middle_of_a_frame_is_noted(tmp_path):
    """It may be a piece of a longer one, and nothing else in it could tell."""
    path = write_format(tmp_path, "mp3")
    assert read(path)[1] == ""
    path.write_bytes(path.read_bytes()[2_000:])
    assert "starts with" in read(path)[1]


def test_a_wav_that_decodes_to_more_than_its_header_counts_is_noted(tmp_path):
    """One wrong bit makes G.729 of 32-bit samples: half an hour of noise for every minute."""
    path = write_format(tmp_path, "wav float")
    data = bytearray(path.read_bytes())
    place = data.index(b"fmt ") + 8
    assert data[place : place + 2] == b"\x03\x00"
    data[place] = 0x83
    path.write_bytes(data)
    assert "The header counts 6.00 s; all 192.00 s of sound were examined" in read(path)[1]
