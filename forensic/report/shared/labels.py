"""What a report calls a part of a recording."""

from forensic.report.shared.catalogue import _
from forensic.report.shared.formats import printable


def channel_label(
    exhibit: str, channel: int, voice: int | None = 0, voices: int | None = None, name: str | None = ""
) -> str:
    """Such as "Q1", "Q1 channel 2", "Q1 channel 2 speaker 1 of 2" or "Q1 speaker 2 of 2 (Rossi)".

    Args:
        exhibit: what the recording is called.
        channel: 0 for all channels mixed.
        voice: number of the speaker in the channel; 0 or None for all of its speech.
        voices: how many speakers were found in the channel.
        name: what an examiner calls the speaker; empty or None where none does.
    """
    parts = [exhibit]
    parts += [_("channel {number}", number=channel)] if channel else []
    if voice:
        parts.append(
            _("speaker {number} of {all}", number=voice, all=voices) if voices else _("speaker {number}", number=voice)
        )
    parts += [f"({printable(name)})"] if name else []
    return " ".join(parts)
