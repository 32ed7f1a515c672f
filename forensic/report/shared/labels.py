"""What a report calls a part of a recording."""


def channel_label(exhibit: str, channel: int, voice: int | None = 0, voices: int | None = None) -> str:
    """Such as "Q1", "Q1 channel 2" or "Q1 channel 2 speaker 1 of 2".

    Args:
        exhibit: what the recording is called.
        channel: 0 for all channels mixed.
        voice: number of the speaker in the channel; 0 or None for all of its speech.
        voices: how many speakers were found in the channel.
    """
    of_all = f" of {voices}" if voices else ""
    return exhibit + (f" channel {channel}" if channel else "") + (f" speaker {voice}{of_all}" if voice else "")
