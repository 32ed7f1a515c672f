"""What a file is meant to be, by its name and first bytes: a recording, or something else that may be skipped."""

import re
from pathlib import Path

_AUDIO_NAME = re.compile(
    r"\.(3g2|3ga|3gpp?|aac?|aax|ac3|adts|aif[cf]?|amr|ape|asf|au|avi|awb|bwf|caf|ds2|dsf|dss|dvf|eac3|flac|flv|"
    r"m4[abprv]|mk[av]|mov|mp[234c]|mpe?g|mpga|msv|mts|m2ts|nist|og[agv]|oma|opus|qcp|ra|rf64|rm|shn|snd|sox|spx|sph|"
    r"tak|tta|voc|w64|wave?|web[am]|wm[av]|wv)$",
    re.IGNORECASE,
)
_HEADERLESS_NAME = re.compile(
    r"\.(sln\d*|slin\d*|vox|raw|pcm|lpcm|ul|ulaw|mulaw|al|alaw|g711[au]?|gsm|g722|g72[36]\w*|g729a?|s8|u8|s16\w*|s24\w*|s32\w*|"
    r"f32\w*|adpcm|dvi|ima|oki)$",
    re.IGNORECASE,
)
_UNREADABLE_NAME = re.compile(
    r"\.(silk|slk|ark|evrc?|evs|amrwbp|lc3|ilbc|lbc|codec2|c2|bit|cod|nmf|sbc|ldac|speex|aud|mmf|dct|isac|vmd)$",
    re.IGNORECASE,
)
_SIGNATURES = (
    b"fLaC",
    b"OggS",
    b"ID3",
    b"#!AMR",
    b"#!SILK",
    b"\x02#!SILK",
    b"\x1aE\xdf\xa3",
    b"0&\xb2u\x8ef\xcf\x11",
    b"caff",
    b"wvpk",
    b"NIST_1A",
    b".snd",
    b".SoX",
    b"XoS.",
    b"TTA1",
    b"riff\x2e\x91\xcf\x11",
)
_FORMS = {
    b"RIFF": (b"WAVE", b"AVI "),
    b"RIFX": (b"WAVE",),
    b"RF64": (b"WAVE",),
    b"FORM": (b"AIFF", b"AIFC"),
}
_STILL_IMAGE_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx ")

NO_AUDIO_FOUND = "The file holds no audio that can be read, or its header or index is damaged."
_CONVERT = "Convert it with the software that made it, or leave it out if it is no recording."
PLAY_IT = "Play it in another program to see whether it is intact; if it is, convert it to WAV or FLAC."
_USUAL = {
    "vox": "adpcm_ima_oki,rate=8000",
    "ul": "pcm_mulaw,rate=8000",
    "mu": "pcm_mulaw,rate=8000",
    "al": "pcm_alaw,rate=8000",
    "gs": "gsm",
    "g722": "g722",
    "sln16": "pcm_s16le,rate=16000",
}

HEAD_BYTES = 16
"""How many first bytes ``looks_like_audio`` asks for."""


def is_meant_as_audio(path: Path) -> bool:
    """Whether a file that cannot be decoded is a recording that failed, rather than something else to skip.

    It is, if its name ends like that of an audio or video file, or its first bytes are those of one.
    """
    if any(pattern.search(path.name) for pattern in (_AUDIO_NAME, _HEADERLESS_NAME, _UNREADABLE_NAME)):
        return True
    try:
        with path.open("rb") as file:
            return looks_like_audio(file.read(HEAD_BYTES))
    except OSError:
        return False


def looks_like_audio(head: bytes) -> bool:
    """Whether the first bytes are those of an audio or video file."""
    if head[4:8] == b"ftyp":
        return head[8:12] not in _STILL_IMAGE_BRANDS
    return head.startswith(_SIGNATURES) or head[8:12] in _FORMS.get(head[:4], ())


def what_to_do(path: Path) -> str:
    """The remedy for a file whose content is in no known format."""
    if _HEADERLESS_NAME.search(path.name):
        suffix = path.suffix[1:].lower()
        usual = next(
            (declared for start, declared in _USUAL.items() if suffix.startswith(start)), "pcm_s16le,rate=8000"
        )
        return (
            f"Such files have no header. Declare what they hold, for example --raw '*{path.suffix}:codec={usual}', or "
            "convert it with the software that made it."
        )
    return PLAY_IT if _AUDIO_NAME.search(path.name) else _CONVERT
