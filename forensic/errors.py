"""Everything that can go wrong in a way the examiner can mend.

ForensicError
├── CaseError            the case folder or its case.toml
├── SettingsError        a settings file or option
├── ModelError           a model folder, its weights or its card
├── ReferenceSetError    the reference set of suspects
├── CalibrationError     no valid calibration from these data
├── ValidationError      a validation's manifest, scores or criteria
├── TrainingError        training data, configuration or a diverged run
├── ReportError          rendering the report
├── ReleaseError         a file that ships is not as it was released
├── SealError            a key, a seal, or what it signs
└── RecordingError       one recording; a batch stores it and goes on
    ├── FileReadError    the bytes cannot be read
    ├── DecodeError      the bytes are no audio, or damaged audio
    ├── SpeechError      too little or no speech
    └── WorkerError      the worker process died on it
"""

from typing import ClassVar, NoReturn


class ForensicError(Exception):
    """What is wrong, and what the examiner can do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)  # both, or it cannot travel back from a worker process
        self.problem, self.remedy = problem, remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


class CaseError(ForensicError):
    """The case folder is missing, is no case, or its case.toml is wrong."""


class SettingsError(ForensicError):
    """A settings file or an option has a value that cannot be used."""


class ModelError(ForensicError):
    """A model folder is missing, incomplete, or its weights are not those that its card names."""


class ReferenceSetError(ForensicError):
    """The reference set of suspects is empty or ambiguous."""


class CalibrationError(ForensicError):
    """The data carry no valid calibration."""


class ValidationError(ForensicError):
    """A manifest, a list of scores, or acceptance criteria cannot be used."""


class TrainingError(ForensicError):
    """Training data or configuration cannot be used, or the run diverged."""


class ReportError(ForensicError):
    """The report cannot be rendered."""


class ReleaseError(ForensicError):
    """A model, template or module that ships is missing or is not as it was released."""


class SealError(ForensicError):
    """A key cannot be used, or a seal does not hold."""


class RecordingError(ForensicError):
    """One recording cannot be examined; it becomes a row of the case's failures."""

    step: ClassVar[str] = "examine"


class FileReadError(RecordingError):
    """The file's bytes cannot be read."""

    step = "read"


class DecodeError(RecordingError):
    """The bytes hold no audio, or audio that is damaged."""

    step = "decode"


class SpeechError(RecordingError):
    """There is no speech, or too little to embed."""

    step = "speech"


class WorkerError(RecordingError):
    """The worker process that examined the recording died."""

    step = "examine"


def cannot_read(error: OSError) -> NoReturn:
    """Raise what it means that a recording's bytes cannot be read."""
    raise FileReadError(
        f"The file cannot be read: {error.strerror or error}.",
        "Check that it still exists, that you may read it, and that its disk is sound.",
    ) from error
