"""Make the example case in ``synthetic/``: voices of two speech synthesisers, through simulated recording channels.

Needs the programs espeak-ng and flite (Debian: ``apt-get install espeak-ng flite``). Using the example does not: its
recordings lie beside this script. Everything random is seeded, so the same versions of both programs, of this package
and of its libraries make the same files.

    python examples/make_example.py
"""

import argparse
import csv
import io
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from forensic.audio.channel import Band, Channel, Level, Noise, PacketLoss, Room, Sources, simulate
from forensic.audio.codec import Codec, encode, encoder_of
from forensic.records import SAMPLE_RATE_HZ, Samples

HERE = Path(__file__).resolve().parent

VOICES = {
    "adler": ("flite", "-voice", "awb"),
    "brook": ("flite", "-voice", "rms"),
    "carver": ("flite", "-voice", "slt"),
    "dale": ("espeak-ng", "-s", "150", "-v", "en-gb"),
    "stranger 1": ("flite", "-voice", "kal16"),
    "stranger 2": ("espeak-ng", "-s", "160", "-v", "en-us+f4"),
}
"""Speaker to the program and options that speak for them; dale is a suspect who is in no questioned recording."""

SUSPECT_SENTENCES = {
    "adler": (
        "My name is Adler, and I have lived in this town for about eleven years.",
        "On weekdays I take the early bus, because the later one is always full.",
        "The workshop opens at eight, and I am usually the first to arrive.",
        "We repair pumps and small engines, mostly for farms in the valley.",
        "Last spring the roof was leaking, so the owner had it covered again.",
        "I keep a notebook with every order, the date and the parts that were used.",
        "At noon I walk to the river and eat my bread under the big chestnut tree.",
        "My sister visits in October, and then we drive to the coast together.",
        "I do not own a boat, but a friend of mine lets me use his now and then.",
    ),
    "brook": (
        "I am called Brook, and I teach music at the school behind the station.",
        "There are fourteen children in the smallest class and thirty in the largest.",
        "Most of them begin with the recorder and choose another instrument later.",
        "The piano in the hall was tuned in June, and it already sounds flat again.",
        "On Thursdays the choir stays for an extra hour, which the caretaker dislikes.",
        "I write the programme by hand, since nobody could read what the printer made.",
        "In winter the heating fails so often that we sing with our coats on.",
        "For the summer concert we borrow forty chairs from the fire brigade.",
        "When it is over, everybody helps to carry them back across the yard.",
    ),
    "carver": (
        "Carver is my family name, and I run the bakery at the corner of Mill Street.",
        "The ovens are lit at two in the morning, long before anyone else is awake.",
        "Rye bread needs the most time, so the dough is prepared the evening before.",
        "We sell about three hundred rolls a day, and twice as many on Saturdays.",
        "A new mixer came in March, and it is much quieter than the old one.",
        "My brother keeps the books, because numbers have never been my strength.",
        "Every few weeks an inspector looks at the flour store and the cold room.",
        "After closing I deliver what is left to the kitchen beside the church.",
        "By seven in the evening I am asleep, whatever there is on television.",
    ),
    "dale": (
        "You can write down Dale, with one letter L and an E at the end.",
        "I drive a van for a nursery and deliver trees, shrubs and bags of soil.",
        "The longest tour goes over the pass and takes me until late afternoon.",
        "Apple trees are sold in autumn, and roses can be planted until the first frost.",
        "The van has a heater for the driver, but none for the plants in the back.",
        "Once I had to wait four hours, because a bridge was closed for painting.",
        "Since then I carry a thermos flask and two books wherever I go.",
        "My garden at home is small, and I grow beans, onions and far too much mint.",
        "The neighbours get a basket of it every week, whether they want it or not.",
    ),
}
"""What the known recordings say: some 35 s each."""


@dataclass(frozen=True, slots=True)
class Part:
    """One channel of a recording.

    Attributes:
        speaker: of ``VOICES``.
        sentences: what is said.
        through: how it was recorded.
        starts_s: when each sentence starts; one after the other where there are none.
    """

    speaker: str
    sentences: tuple[str, ...]
    through: Channel
    starts_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the case.

    Attributes:
        path: below the case.
        parts: a channel each.
        coding: FFmpeg's names of encoder and container, sample rate and bit rate; or a codec of the simulator.
        keep: share of the file's bytes that is left.
        most_s: the recording is cut to this length.
    """

    path: str
    parts: tuple[Part, ...]
    coding: "Codec | Coding"
    keep: float = 1.0
    most_s: float | None = None


@dataclass(frozen=True, slots=True)
class Coding:
    """An encoder and container that the channel simulator has no use for."""

    encoder: str
    container: str
    sample_rate_hz: int = SAMPLE_RATE_HZ
    bit_rate: int | None = None


FLAC = Coding("flac", "flac")
WAV = Coding("pcm_s16le", "wav")
A_LAW_WAV = Coding("pcm_alaw", "wav", 8_000)
OPUS = Coding("libopus", "ogg", bit_rate=24_000)
M4A = Coding("aac", "ipod", bit_rate=32_000)

STUDIO = Channel("interview room, close microphone", (Noise(40.0, "pink"), Level(-24.0)))
DESK = Channel("interview room, microphone on the desk", (Room(0.25, 8.0), Noise(30.0, "pink"), Level(-26.0)))
TELEPHONE = Channel("telephone", (Noise(30.0, "pink"), Band(250, 3_500), Level(-24.0)))
MOBILE_IN_TRAFFIC = Channel("mobile telephone, noise 12 dB below", (Noise(12.0, "pink"), Level(-22.0)))
LANDLINE = Channel("landline", (Noise(28.0, "pink"), Band(300, 3_400), Level(-24.0)))
MESSENGER = Channel("voice message, lost packets", (Noise(22.0, "pink"), PacketLoss(0.01), Level(-25.0)))
ACROSS_THE_ROOM = Channel("recorder across a room", (Room(0.45, 1.0), Noise(18.0, "pink"), Level(-30.0)))

KNOWN = (
    Item("suspects/adler/interview.flac", (Part("adler", SUSPECT_SENTENCES["adler"], STUDIO),), FLAC),
    Item(
        "suspects/brook/interview 1.mp3", (Part("brook", SUSPECT_SENTENCES["brook"][:6], DESK),), Codec("MP3", 32_000)
    ),
    Item(
        "suspects/brook/interview 2 (telephone).amr",
        (Part("brook", SUSPECT_SENTENCES["brook"][6:], TELEPHONE),),
        Codec("AMR-NB", 12_200),
    ),
    Item("suspects/carver/interview.m4a", (Part("carver", SUSPECT_SENTENCES["carver"], STUDIO),), M4A),
    Item("suspects/dale/interview.opus", (Part("dale", SUSPECT_SENTENCES["dale"], DESK),), OPUS),
)

VOICEMAIL = "questioned/voicemail 12 April.amr"

QUESTIONED = (
    Item(
        VOICEMAIL,
        (
            Part(
                "adler",
                (
                    "Hello, it is me again, I tried to reach you twice this morning.",
                    "The parcel is still at the counter, and they close at half past five.",
                    "Please bring the yellow slip, otherwise they will send it back.",
                    "If you cannot make it, call the number on the door and ask for Monday.",
                ),
                MOBILE_IN_TRAFFIC,
            ),
        ),
        Codec("AMR-NB", 5_900),
    ),
    Item(
        "questioned/call 15 April.wav",
        (
            Part(
                "stranger 2",
                (
                    "Good morning, you have reached the ticket office, how can I help you?",
                    "The half past nine is sold out, but there are seats on the one at eleven.",
                    "That makes forty two, and you can collect them until Friday evening.",
                ),
                LANDLINE,
                (0.5, 11.0, 22.5),
            ),
            Part(
                "carver",
                (
                    "Good morning, I would like two tickets for the train to the lake on Sunday.",
                    "Eleven is fine, and could we sit by the window, facing forward if possible?",
                    "Thank you, I will come by tomorrow after work, goodbye.",
                ),
                LANDLINE,
                (5.5, 16.5, 28.0),
            ),
        ),
        A_LAW_WAV,
    ),
    Item(
        "questioned/message 17 April.opus",
        (
            Part(
                "stranger 1",
                (
                    "The keys are with the lady on the ground floor, the second door on the left.",
                    "Turn off the water before you leave, the tap is under the kitchen window.",
                    "And please do not forget the blue folder, it lies on top of the shelf.",
                ),
                MESSENGER,
            ),
        ),
        Coding("libopus", "ogg", bit_rate=16_000),
    ),
    Item(
        "questioned/meeting 20 April.mp3",
        (
            Part(
                "brook",
                (
                    "Let us begin with the fence, since that is what most of you came for.",
                    "The offer from the carpenter arrived on Tuesday, and it is higher than last year.",
                    "I suggest that we ask for a second one before we decide anything.",
                    "Is there anybody who could lend us a trailer for the old boards?",
                ),
                ACROSS_THE_ROOM,
            ),
        ),
        Codec("MP3", 16_000),
    ),
    Item(
        "questioned/damaged 21 April.flac",
        (Part("stranger 1", ("This recording breaks off before its end, as if the copy had failed.",), STUDIO),),
        FLAC,
        keep=0.6,
    ),
    Item("questioned/doorbell 22 April.wav", (Part("brook", ("Yes.",), STUDIO),), WAV, most_s=0.3),
)

NOTES = "Notes of the clerk, kept with the recordings. This file holds no audio, and a scan skips it.\n"


def main() -> None:
    """Make the case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "synthetic", help="folder of the case")
    out = parser.parse_args().out
    for seed, item in enumerate((*KNOWN, *QUESTIONED)):
        path = out / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = written(item, seed)
        path.write_bytes(content[: int(len(content) * item.keep)])
        print(f"{path.stat().st_size:9,} bytes  {item.path}")
    (out / "questioned/voicemail (copy).amr").write_bytes((out / VOICEMAIL).read_bytes())
    (out / "questioned/notes.txt").write_text(NOTES, encoding="utf-8")
    with (out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "channel", "speaker", "voice", "recorded_through"))
        writer.writerows(truth())


def truth() -> Iterator[tuple[str, int, str, str, str]]:
    """Who speaks in each channel; channel 0 is all of a recording with one."""
    for item in (*KNOWN, *QUESTIONED):
        for number, part in enumerate(item.parts, 1):
            program, *options = VOICES[part.speaker]
            channel = number if len(item.parts) > 1 else 0
            yield item.path, channel, part.speaker, f"{program} {options[-1]}", part.through.name


def written(item: Item, seed: int) -> bytes:
    """The file's bytes."""
    channels = [recorded(part, [seed, number]) for number, part in enumerate(item.parts)]
    length = max(map(len, channels))
    samples = np.stack([np.pad(channel, (0, length - len(channel))) for channel in channels])
    if item.most_s is not None:
        samples = _only(samples, item.most_s)
    if isinstance(item.coding, Codec):
        return encode(_at(samples, encoder_of(item.coding).sample_rate_hz)[0], item.coding)
    return _encoded(_at(samples, item.coding.sample_rate_hz), item.coding)


def recorded(part: Part, seed: Sequence[int]) -> Samples:
    """One speaker through one recording channel, shape (n,), 16 kHz."""
    rng = np.random.default_rng(seed)
    spoken = [_spoken(part.speaker, sentence) for sentence in part.sentences]
    starts_s = part.starts_s or _one_after_the_other(spoken, rng)
    end = max(int(start * SAMPLE_RATE_HZ) + len(s) for start, s in zip(starts_s, spoken, strict=True))
    track = np.zeros(end + SAMPLE_RATE_HZ // 2, np.float32)
    for start_s, samples in zip(starts_s, spoken, strict=True):
        start = int(start_s * SAMPLE_RATE_HZ)
        track[start : start + len(samples)] += samples
    return simulate(track, part.through, Sources(), int(rng.integers(2**31)))


def _one_after_the_other(spoken: Sequence[Samples], rng: np.random.Generator) -> tuple[float, ...]:
    pauses_s = rng.uniform(0.25, 0.7, len(spoken))
    ends_s = np.cumsum([len(samples) / SAMPLE_RATE_HZ for samples in spoken] + pauses_s)
    return tuple(float(s) for s in pauses_s[0] + np.concatenate([[0.0], ends_s[:-1]]))


def _spoken(speaker: str, sentence: str) -> Samples:
    """A sentence at 16 kHz, without silence at its ends."""
    program, *options = VOICES[speaker]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spoken.wav")
        text = ["-w", path, sentence] if program == "espeak-ng" else ["-t", sentence, path]
        subprocess.run([program, *options, *text], check=True, capture_output=True)
        rate_hz, pcm = wavfile.read(path)
    samples = resample_poly(pcm / 32_768.0, SAMPLE_RATE_HZ, rate_hz) if rate_hz != SAMPLE_RATE_HZ else pcm / 32_768.0
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1].astype(np.float32)


def _only(samples: Samples, seconds: float) -> Samples:
    """The loudest stretch, with as much noise before and after as a short recording has."""
    size = int(seconds * SAMPLE_RATE_HZ)
    energy = np.convolve(np.square(samples[0]), np.ones(size), "valid")
    start = int(np.argmax(energy))
    rng = np.random.default_rng(0)
    noise = 1e-3 * rng.standard_normal((len(samples), 2 * SAMPLE_RATE_HZ)).astype(np.float32)
    noise[:, SAMPLE_RATE_HZ : SAMPLE_RATE_HZ + size] += samples[:, start : start + size]
    return noise


def _at(samples: Samples, rate_hz: int) -> Samples:
    narrow: Samples = resample_poly(samples, rate_hz, SAMPLE_RATE_HZ, axis=1).astype(np.float32)
    return narrow


def _encoded(samples: Samples, coding: Coding) -> bytes:
    """A file of one or two channels, without the date or number that would make two runs differ."""
    layout = {1: "mono", 2: "stereo"}[len(samples)]
    file = io.BytesIO()
    with av.open(file, "w", format=coding.container, options={"fflags": "+bitexact"}) as output:
        stream: Any = output.add_stream(coding.encoder, rate=coding.sample_rate_hz, layout=layout)
        if coding.bit_rate:
            stream.bit_rate = coding.bit_rate
        stream.codec_context.open()
        resampler = av.AudioResampler(
            stream.codec_context.format,
            layout,
            coding.sample_rate_hz,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(np.clip(samples, -1.0, 1.0)), "fltp", layout)
        frame.sample_rate = coding.sample_rate_hz
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


if __name__ == "__main__":
    main()
