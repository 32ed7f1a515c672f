"""Every format decodes to the same voice; what is damaged or no audio is refused with a remedy."""

import pickle
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from factories import (
    BAD_FILES,
    FORMATS,
    ODD_NAMES,
    voice,
    write_audio,
    write_bad,
    write_float_wav,
    write_format,
    write_wav,
)

from forensic.audio import source
from forensic.audio.decode import decode_blocks, open_recording, probe
from forensic.audio.headerless import opened_as
from forensic.audio.kinds import is_meant_as_audio
from forensic.audio.reading import Reading
from forensic.audio.rumble import without_rumble
from forensic.audio.views import View
from forensic.errors import DecodeError, FileReadError
from forensic.settings import AudioSettings

DEFAULT = AudioSettings()
USE_DAMAGED = AudioSettings(damaged="use")


def channels_of(path: Path, settings: AudioSettings = DEFAULT) -> dict[int, np.ndarray]:
    """Whole samples by channel."""
    blocks: dict[int, list[np.ndarray]] = {}
    for block in decode_blocks(path, settings):
        blocks.setdefault(block.channel, []).append(block.samples)
    return {channel: np.concatenate(pieces) for channel, pieces in blocks.items()}


def notes_of(path: Path, settings: AudioSettings = DEFAULT) -> str:
    """Notes once everything is decoded."""
    with open_recording(path, settings) as recording:
        for _ in recording.blocks():
            pass
        return " ".join(recording.notes)


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Largest normalised cross-correlation; codecs delay."""
    size = max(len(one), len(other))
    spectra = np.fft.rfft(one, 2 * size), np.fft.rfft(other, 2 * size)
    return float(np.fft.irfft(spectra[0] * spectra[1].conj()).max() / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize("name", FORMATS)
def test_the_voice_comes_back_from_every_format(tmp_path, name):
    """Same length, same sound."""
    path = write_format(tmp_path, name)
    samples = channels_of(path)[0]
    assert samples.dtype == np.float32
    assert len(samples) / 16_000 == pytest.approx(6.0, abs=0.15)
    rate = probe(path).sample_rate_hz
    wanted = voice(6.0, 8_000 if rate == 8_000 else 16_000)
    wanted = wanted if rate != 8_000 else np.repeat(wanted, 2)
    assert similarity(samples, wanted) > 0.85


@pytest.mark.parametrize("rate_hz", [4_000, 7_999, 8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_any_rate_becomes_16_khz(tmp_path, rate_hz):
    """The format still states the rate of the file."""
    path = write_wav(tmp_path / "a.wav", voice(3.0, rate_hz), rate_hz)
    assert len(channels_of(path)[0]) == 48_000
    assert probe(path).sample_rate_hz == rate_hz


@pytest.mark.parametrize(
    ("name", "error"),
    [("wav 16 bit", 2e-5), ("wav 24 bit", 1e-6), ("wav float", 1e-7), ("flac", 2e-5), ("wav 8 bit", 5e-3)],
)
def test_full_scale_is_one_whatever_the_depth(tmp_path, name, error):
    """Levels of recordings of different depth can be compared."""
    samples = channels_of(write_format(tmp_path, name))[0]
    np.testing.assert_allclose(samples, without_rumble(voice(6.0)), atol=error)


def test_facts_of_the_container_are_stated(tmp_path):
    """Container, codec, rate, channels, depth and duration."""
    stated = probe(write_format(tmp_path, "flac"))
    assert (stated.container, stated.codec, stated.sample_rate_hz, stated.channels) == ("flac", "flac", 16_000, 1)
    assert (stated.bits_per_sample, stated.stated_duration_s) == (16, 6.0)
    assert probe(write_format(tmp_path, "wav mu-law")).bits_per_sample == 8
    assert probe(write_format(tmp_path, "mp3")).bits_per_sample is None


def test_gsm_in_wav_is_decoded(tmp_path):
    """Two blocks of 65 bytes, by hand: nothing here writes GSM."""
    data = bytes(65 * 50)
    form = struct.pack("<HHIIHHHH", 0x31, 1, 8_000, 1_625, 65, 0, 2, 320)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    path = tmp_path / "gsm.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert probe(path).codec == "gsm_ms"
    assert len(channels_of(path)[0]) == 50 * 320 * 2


@pytest.mark.parametrize(("form", "codec"), [("ac3", "ac3"), ("spdif", "ac3"), ("mp3", "mp3"), ("adts", "aac")])
def test_a_codec_within_the_samples_of_a_wav_is_found(tmp_path, form, codec):
    """As recorders of digital lines store it: the header says plain samples."""
    coded = tmp_path / "coded"
    with av.open(str(coded), "w", format=form) as output:
        stream = output.add_stream(codec, rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.stack([voice(9.0), voice(9.0)]), "fltp", "stereo")
        frame.sample_rate = 48_000
        size = stream.codec_context.frame_size or 1536
        resampler = av.AudioResampler(stream.codec_context.format, "stereo", 48_000, frame_size=size)
        for piece in resampler.resample(frame):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    content = coded.read_bytes()
    header = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48_000, 192_000, 4, 16)
    body = header + b"data" + struct.pack("<I", len(content)) + content
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert probe(path).codec.startswith(codec)


@pytest.mark.parametrize("sync", ["7ffe8001", "fe7f0180", "1fffe800", "ff1f00e8", "64582025"])
def test_ffmpeg_looks_longer_for_dts_where_it_may_be(tmp_path, sync):
    """In a WAV file of which it might be the content."""
    path = write_wav(tmp_path / "a.wav", voice(3.0))
    content = bytearray(path.read_bytes())
    assert "max_probe_packets" in _options(path)
    content[5_000:5_004] = bytes.fromhex(sync)
    path.write_bytes(content)
    assert "max_probe_packets" not in _options(path)


def test_wideband_amr_is_decoded(tmp_path):
    """A second of noise frames, by hand: nothing here writes AMR-WB."""
    path = tmp_path / "a.awb"
    path.write_bytes(b"#!AMR-WB\n" + (b"\x0c" + b"\x01" * 17) * 50)
    assert probe(path).codec == "amr_wb"
    assert len(channels_of(path)[0]) == 16_000


@pytest.mark.parametrize("name", ["mp4", "mkv"])
def test_the_audio_of_a_video_is_found(tmp_path, name):
    """Pictures are passed over."""
    path = tmp_path / f"video.{name}"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        sound = output.add_stream("aac", rate=16_000, layout="mono")
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index, np.uint8), "rgb24")
            output.mux(picture.encode(frame))
        resampler = av.AudioResampler("fltp", "mono", 16_000, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(voice(3.0)[None], "fltp", "mono")
        frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(sound.encode(piece))
        output.mux(sound.encode(None))
        output.mux(picture.encode(None))
    assert len(channels_of(path)[0]) / 16_000 == pytest.approx(3.0, abs=0.15)


def test_a_video_without_sound_says_so(tmp_path):
    """It is not called damaged."""
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            output.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(picture.encode(None))
    with pytest.raises(DecodeError, match="no audio, only video"):
        probe(path)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_never_read_as_anything_else(tmp_path, name):
    """FFmpeg would see protocols, patterns and options in some of them."""
    assert len(channels_of(write_wav(tmp_path / name, voice(1.0)))[0]) == 16_000


def test_content_decides_not_the_name(tmp_path):
    """A recording with a wrong name is a recording."""
    path = write_format(tmp_path, "flac")
    for name in ("a.mp3", "a.txt", "a.jpg", "a", "a.m3u8"):
        assert probe(path.rename(tmp_path / name)).codec == "flac"
        path = tmp_path / name


# Blocks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("seconds", [3.0, 20.0, 25.3])
def test_blocks_join_to_the_whole(tmp_path, rate_hz, seconds):
    """No seam, no gap, and the last block says that it is."""
    path = write_wav(tmp_path / "a.wav", np.stack([voice(seconds, rate_hz), voice(seconds, rate_hz, seed=1)]), rate_hz)
    blocks = list(decode_blocks(path, AudioSettings(block_s=10)))
    whole = channels_of(path, AudioSettings(block_s=1_000))
    for channel in (1, 2):
        mine = [block for block in blocks if block.channel == channel]
        np.testing.assert_allclose(np.concatenate([block.samples for block in mine]), whole[channel], atol=1e-6)
        assert [block.start_s for block in mine] == [10.0 * index for index in range(len(mine))]
        assert [block.is_last for block in mine] == [False] * (len(mine) - 1) + [True]
        assert all(block.duration_s == 10.0 for block in mine[:-1])
        assert 0 < mine[-1].duration_s <= 10.0


def test_channels_take_turns_so_that_memory_holds_one_block_of_each(tmp_path):
    """Not one channel after the other."""
    path = write_wav(tmp_path / "a.wav", np.stack([voice(25.0), voice(25.0, seed=1)]))
    assert [(b.channel, b.start_s) for b in decode_blocks(path, AudioSettings(block_s=10))] == [
        (1, 0.0), (2, 0.0), (1, 10.0), (2, 10.0), (1, 20.0), (2, 20.0),
    ]  # fmt: skip


# Channels -------------------------------------------------------------------------------------------------------------

ONE, OTHER = voice(12.0, seed=1, pitch_hz=110.0), voice(12.0, seed=2, pitch_hz=210.0)
SILENCE = np.zeros_like(ONE)
JOINS_LATE = np.where(np.arange(len(OTHER)) < 8 * 16_000, SILENCE, OTHER)


@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame"])
@pytest.mark.parametrize(
    ("channels", "wanted", "note"),
    [
        ((ONE, OTHER), [1, 2], ""),
        ((ONE, ONE), [0], "hold the same signal"),
        ((ONE, 0.3 * ONE), [0], "hold the same signal"),
        ((ONE, -ONE), [1, 2], ""),
        ((ONE, SILENCE), [1], "Channel 2 is digitally silent"),
        ((SILENCE, ONE), [2], "Channel 1 is digitally silent"),
        ((SILENCE, SILENCE), [0], ""),
        ((ONE + 0.03 * OTHER, OTHER + 0.03 * ONE), [1, 2], ""),
        ((ONE, JOINS_LATE), [1, 2], ""),
    ],
    ids=["two voices", "same", "scaled", "inverted", "second dead", "first dead", "both dead", "crosstalk", "late"],
)
def test_channels_are_kept_apart_where_they_differ(tmp_path, codec, channels, wanted, note):
    """Mixed where they do not, left out where they are dead, and noted."""
    path = write_audio(tmp_path / ("a.wav" if codec.startswith("pcm") else "a.mp3"), np.stack(channels), codec=codec)
    assert list(channels_of(path)) == wanted
    assert note in notes_of(path)
    assert bool(note) == bool(notes_of(path))


def test_a_channel_is_what_was_recorded_on_it(tmp_path):
    """Split, mixed, or one alone."""
    path = write_wav(tmp_path / "a.wav", np.stack([ONE, OTHER]))
    split = channels_of(path)
    np.testing.assert_allclose(split[1], without_rumble(ONE), atol=4e-5)
    np.testing.assert_allclose(split[2], without_rumble(OTHER), atol=4e-5)
    mixed = channels_of(path, AudioSettings(channels="mix"))[0]
    np.testing.assert_allclose(mixed, without_rumble((ONE + OTHER) / 2), atol=4e-5)
    assert list(channels_of(path, AudioSettings(channels="2"))) == [2]


@pytest.mark.parametrize("choice", ["auto", "split", "mix", "1"])
def test_a_mono_file_is_channel_0(tmp_path, choice):
    """Whatever was asked for, as there is nothing to choose."""
    assert list(channels_of(write_wav(tmp_path / "a.wav", ONE), AudioSettings(channels=choice))) == [0]


def test_all_of_many_channels_are_compared(tmp_path):
    """Two alike of three that differ are still kept apart."""
    path = write_wav(tmp_path / "a.wav", np.stack([SILENCE, ONE, OTHER, ONE]))
    assert list(channels_of(path)) == [2, 3, 4]


def test_a_channel_that_does_not_exist_is_refused(tmp_path):
    """Nothing else is taken in its place."""
    with pytest.raises(DecodeError, match="Channel 3 was asked for, and the recording has 2"):
        channels_of(write_wav(tmp_path / "a.wav", np.stack([ONE, OTHER])), AudioSettings(channels="3"))


def test_every_audio_track_is_examined(tmp_path):
    """As channels that are numbered through, and the examiner learns which is which."""
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as output:
        streams = [output.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream in streams:
            stream.codec_context.open()
        for stream, samples in zip(streams, (ONE, OTHER), strict=True):
            resampler = av.AudioResampler(stream.codec_context.format, "mono", 16_000, frame_size=4096)
            frame = av.AudioFrame.from_ndarray(samples[None], "fltp", "mono")
            frame.sample_rate = 16_000
            for piece in (*resampler.resample(frame), *resampler.resample(None)):
                output.mux(stream.encode(piece))
            output.mux(stream.encode(None))
    found = channels_of(path)
    np.testing.assert_allclose(found[1], without_rumble(ONE), atol=4e-5)
    np.testing.assert_allclose(found[2], without_rumble(OTHER), atol=4e-5)
    assert "holds 2 audio tracks: track 1 is channel 1, track 2 is channel 2" in notes_of(path)
    assert list(channels_of(path, AudioSettings(channels="2"))) == [2]
    with pytest.raises(DecodeError, match="Channel 3 was asked for, and the recording has 2"):
        channels_of(path, AudioSettings(channels="3"))


# Damage ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_with_a_remedy(tmp_path, name):
    """And the error travels back from a worker process."""
    path = write_bad(tmp_path, name)
    with pytest.raises(DecodeError) as caught:
        channels_of(path)
    assert caught.value.problem
    assert caught.value.remedy
    assert is_meant_as_audio(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


@pytest.mark.parametrize(
    "name", [name for name in BAD_FILES if name.startswith(("truncated", "NaN", "inf")) and name != "truncated mp4"]
)
def test_what_comes_before_the_damage_can_be_used_and_is_noted(tmp_path, name):
    """Only if the settings say so."""
    path = write_bad(tmp_path, name)
    samples = channels_of(path, USE_DAMAGED)[0]
    assert 2.5 < len(samples) / 16_000 < 3.8
    assert np.isfinite(samples).all()
    assert "Damaged, and used only up to" in notes_of(path, USE_DAMAGED)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "ogg vorbis"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_breaks_off_is_never_taken_for_whole(tmp_path, name, share):
    """Whatever the format, and however little is missing."""
    whole = write_format(tmp_path, name).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: int(share * len(whole)) + 1])
    with pytest.raises(DecodeError):
        channels_of(path)


@pytest.mark.parametrize("name", ["flac", "ogg opus"])
@pytest.mark.parametrize("count", [1, 20, 2_000])
def test_wrong_bytes_fail_the_checksum(tmp_path, name, count):
    """FFmpeg alone would pass over them."""
    path = write_format(tmp_path, name)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + count] = bytes(byte ^ 0xFF for byte in content[middle : middle + count])
    path.write_bytes(content)
    with pytest.raises(DecodeError, match="damaged"):
        channels_of(path)


@pytest.mark.parametrize("name", ["mp3", "adts aac", "amr", "wma", "m4a"])
def test_frames_that_cannot_be_decoded_are_not_skipped_in_silence(tmp_path, name):
    """They are damage, or at least noted as a gap."""
    path = write_format(tmp_path, name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2_000] = np.random.default_rng(0).bytes(2_000)
    path.write_bytes(content)
    try:
        assert "leave out" in notes_of(path)
    except DecodeError as error:
        assert "damaged" in error.problem  # noqa: PT017 - either is said


def test_a_fast_start_mp4_that_breaks_off_is_damaged(tmp_path):
    """Its index promises more than is there."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as output:
        stream = output.add_stream("aac", rate=16_000, layout="mono")
        resampler = av.AudioResampler("fltp", "mono", 16_000, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(voice(6.0)[None], "fltp", "mono")
        frame.sample_rate = 16_000
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DecodeError, match="damaged"):
        channels_of(path)
    assert 2 < len(channels_of(path, USE_DAMAGED)[0]) / 16_000 < 4


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_header_that_was_never_completed_is_no_damage(tmp_path, size):
    """Writers that cannot go back leave such sizes."""
    path = write_wav(tmp_path / "a.wav", voice(3.05))
    content = path.read_bytes()
    path.write_bytes(content[:40] + struct.pack("<I", size) + content[44:])
    assert len(channels_of(path)[0]) == 48_800


def test_audio_that_the_wav_header_does_not_count_is_damage(tmp_path):
    """A recorder that lost power leaves such files; what the header counts may be used, with a note."""
    path = write_wav(tmp_path / "a.wav", voice(20.0))
    content = path.read_bytes()
    path.write_bytes(content[:40] + struct.pack("<I", 320_000) + content[44:])
    with pytest.raises(DecodeError, match=r"counts 10.00 s of audio; 320,000 more bytes follow, as many as 10.00 s"):
        channels_of(path)
    assert len(channels_of(path, USE_DAMAGED)[0]) == 160_000
    assert "counts 10.00 s of audio" in notes_of(path, USE_DAMAGED)


def test_tags_after_the_audio_are_neither_damage_nor_worth_a_note(tmp_path):
    """Neither in WAV nor in MP3."""
    wav = write_wav(tmp_path / "a.wav", voice(3.0))
    wav.write_bytes(wav.read_bytes() + b"LIST" + struct.pack("<I", 200_000) + bytes(200_000))
    mp3 = write_format(tmp_path, "mp3")
    mp3.write_bytes(mp3.read_bytes() + b"TAG" + bytes(125))
    for path in (wav, mp3):
        assert notes_of(path) == ""


def test_a_stream_that_changes_its_format_is_refused(tmp_path):
    """Streams joined end to end are one recording only if they are alike."""
    one, other = tmp_path / "one.flac.ogg", tmp_path / "other.opus"
    write_audio(one, voice(3.0), codec="libopus", container="ogg", bit_rate=32_000)
    write_audio(other, np.stack([voice(3.0), voice(3.0, seed=1)]), codec="libopus", bit_rate=32_000)
    chained = tmp_path / "chained.opus"
    chained.write_bytes(one.read_bytes() + other.read_bytes())
    with pytest.raises(DecodeError):
        channels_of(chained)
    chained.write_bytes(one.read_bytes() * 2)
    assert len(channels_of(chained)[0]) / 16_000 == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_impossible_samples_are_refused_wherever_they_are(tmp_path, value):
    """First, in the middle, last."""
    samples = voice(3.0)
    for place in (0, 24_000, len(samples) - 1):
        broken = samples.copy()
        broken[place] = value
        with pytest.raises(DecodeError, match=r"the sample at \d\.\d\d s is no sound"):
            channels_of(write_float_wav(tmp_path / "a.wav", broken))


def test_a_header_with_an_absurd_rate_is_refused(tmp_path):
    """Rather than resampled from it."""
    path = write_wav(tmp_path / "a.wav", voice(1.0))
    content = bytearray(path.read_bytes())
    for rate_hz in (1, 100, 2_000_000_000):
        content[24:28] = struct.pack("<I", rate_hz)
        path.write_bytes(content)
        with pytest.raises(DecodeError, match="sample rate"):
            probe(path)


def test_a_wav_without_a_sample_is_refused(tmp_path):
    """An empty recording is no recording."""
    with pytest.raises(DecodeError) as caught:
        channels_of(write_wav(tmp_path / "a.wav", np.zeros(0, np.float32)))
    assert caught.value.remedy


# What is no audio -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nother.wav\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile 'other.wav'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
        b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period/></MPD>",
    ],
    ids=["hls", "concat", "sdp", "dash"],
)
@pytest.mark.parametrize("name", ["list.m3u8", "list.wav", "list"])
def test_a_list_of_other_files_opens_none_of_them(tmp_path, content, name):
    """Evidence must not make the examiner's machine read other files or the network."""
    write_wav(tmp_path / "other.wav", voice(1.0))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DecodeError):
        channels_of(tmp_path / name)


@pytest.mark.parametrize("suffix", [".bin", ".mp3", ".aac", ".gsm"])
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("settings", [DEFAULT, USE_DAMAGED], ids=["reject", "use"])
def test_random_bytes_are_never_evidence(tmp_path, suffix, seed, settings):
    """Whatever their name, and even if damage is allowed."""
    random = np.random.default_rng(seed)
    path = tmp_path / f"random{suffix}"
    path.write_bytes(random.bytes(int(10 ** random.uniform(1, 5.5))))
    with pytest.raises(DecodeError):
        channels_of(path, settings)
    assert is_meant_as_audio(path) == (suffix != ".bin")


def test_what_is_not_meant_as_audio_can_be_skipped(tmp_path):
    """Photos and papers are no failures."""
    others = {
        "photo.jpg": b"\xff\xd8\xff\xe0" + bytes(1_000),
        "photo.heic": b"\0\0\0\x18ftypheic" + bytes(1_000),
        "letter.pdf": b"%PDF-1.7" + bytes(1_000),
        "notes.txt": b"Call 3 lasts ten minutes.",
        "pictures.webp": b"RIFF\x10\0\0\0WEBPVP8 ",
        ".DS_Store": bytes(100),
        "empty": b"",
    }
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
        assert not is_meant_as_audio(tmp_path / name), name
        with pytest.raises(DecodeError):
            probe(tmp_path / name)


@pytest.mark.parametrize("name", ["flac", "wav 16 bit", "mp4", "mkv", "ogg opus", "amr", "wma", "aiff"])
def test_a_damaged_recording_without_a_telling_name_is_still_one(tmp_path, name):
    """Its first bytes tell."""
    path = tmp_path / "no suffix"
    path.write_bytes(write_format(tmp_path, name).read_bytes()[:300])
    assert is_meant_as_audio(path)


# Reading --------------------------------------------------------------------------------------------------------------


def test_a_file_that_may_not_be_read_is_a_read_error(tmp_path, monkeypatch):
    """Not a decoding error."""
    path = write_wav(tmp_path / "a.wav", voice(1.0))

    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileReadError, match="Permission denied"):
        probe(path)


def test_missing_files_and_folders_are_read_errors(tmp_path):
    """Not decoding errors."""
    for path in (tmp_path / "missing.wav", tmp_path):
        with pytest.raises(FileReadError):
            probe(path)


def test_a_disk_that_fails_on_the_way_is_a_read_error_not_damage(tmp_path, monkeypatch):
    """The recording may be fine."""
    path = write_wav(tmp_path / "a.wav", voice(30.0))

    class Failing(source._Readable):
        def __init__(self, view):
            super().__init__(view)
            whole, self.taken = self.read, 0

            def read(size):
                self.taken += size
                if self.taken > 400_000:
                    raise OSError(5, "Input/output error")
                return whole(size)

            self.read = read

    monkeypatch.setattr(source, "_Readable", Failing)
    with path.open("rb") as file, pytest.raises(FileReadError, match="Input/output error"):
        for _ in Reading(file, None, "auto", "reject", 3600.0).steps():
            pass


def test_ffmpeg_says_nothing_on_the_terminal(tmp_path, capfd):
    """What matters is in the error."""
    for name in BAD_FILES:
        with pytest.raises(DecodeError):
            channels_of(write_bad(tmp_path, name))
    assert capfd.readouterr() == ("", "")


def _options(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return opened_as(View(file), None).options
