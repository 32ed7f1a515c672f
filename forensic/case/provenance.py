"""What made a result: versions of the software, the machine."""

import platform
from importlib import metadata

import forensic

_LIBRARIES = ("onnxruntime", "torch", "torchaudio", "av", "numpy", "scipy", "polars", "safetensors", "weasyprint")


def library_versions() -> dict[str, str]:
    """Installed versions of the libraries that a result may depend on."""
    return {name: metadata.version(name) for name in _LIBRARIES}


def software() -> str:
    """Name and version of this package."""
    return f"forensic {forensic.__version__}"


def machine() -> dict[str, str]:
    """Operating system, processor and Python."""
    return {
        "operating_system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a device of the kernel
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
