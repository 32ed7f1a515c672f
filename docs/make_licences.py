"""Write docs/licences.md: the licence of all that an installation of ``forensic`` brings, libraries in wheels too.

    python docs/make_licences.py

Packages are those that pyproject.toml asks for, and what they ask for in turn, as installed here; each says its licence
itself. Libraries are what the wheels of these packages carry in folders of shared libraries; ``LIBRARIES`` has their
licences, and one that it lacks is an error.
"""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("licences.md")
BEGIN, END = "<!-- made by docs/make_licences.py -->", "<!-- end -->"
GCC = "GPL-3.0-or-later WITH GCC-exception-3.1"

LIBRARIES = {
    "FFmpeg": ("LGPL-3.0-or-later", r"libav(codec|device|filter|format|util)|libsw(resample|scale)"),
    "x264": ("GPL-2.0-or-later", "libx264"),
    "x265": ("GPL-2.0-or-later", "libx265"),
    "GnuTLS, Nettle, GMP, libunistring": (
        "LGPL-2.1-or-later; LGPL-3.0-or-later OR GPL-2.0-or-later",
        "libgnutls|libnettle|libhogweed|libgmp|libunistring",
    ),
    "LAME": ("LGPL-2.0-or-later", "libmp3lame"),
    "OpenCORE AMR": ("Apache-2.0", "libopencore-amr(nb|wb)"),
    "Opus": ("BSD-3-Clause", "libopus"),
    "dav1d": ("BSD-2-Clause", "libdav1d"),
    "SVT-AV1": ("BSD-3-Clause-Clear", "libSvtAv1Enc"),
    "libvpx": ("BSD-3-Clause", "libvpx"),
    "libvpl": ("MIT", "libvpl"),
    "libwebp": ("BSD-3-Clause", "libwebp(mux|demux)?|libsharpyuv"),
    "ALSA": ("LGPL-2.1-or-later", "libasound"),
    "libdrm, XCB, Xau": ("MIT", "libdrm|libxcb(-shape|-shm|-xfixes)?|libXau"),
    "libsndfile, with FLAC, Ogg, Opus, LAME and mpg123": ("LGPL-2.1-or-later", "libsndfile_x86_64"),
    "OpenBLAS": ("BSD-3-Clause", r"libscipy_openblas(64_)?"),
    "GCC's libraries": (GCC, "libgfortran|libgomp"),
    "libquadmath": ("LGPL-2.1-or-later", "libquadmath"),
    "libavif": ("BSD-2-Clause", "libavif"),
    "Brotli": ("MIT", "libbrotli(common|dec)"),
    "FreeType": ("FTL OR GPL-2.0-or-later", "libfreetype"),
    "HarfBuzz": ("MIT", "libharfbuzz"),
    "libjpeg-turbo": ("IJG AND BSD-3-Clause", "libjpeg"),
    "Little CMS": ("MIT", "liblcms2"),
    "liblzma": ("0BSD", "liblzma"),
    "OpenJPEG": ("BSD-2-Clause", "libopenjp2"),
    "libpng": ("libpng-2.0", "libpng16"),
    "libtiff": ("libtiff", "libtiff"),
    "Zstandard": ("BSD-3-Clause OR GPL-2.0-only", "libzstd"),
}
"""Licence (SPDX) of each project whose libraries are inside wheels, and the names of these libraries."""

_OWN = re.compile(r"lib(torch|c10|shm|aoti|backend_with_compiler|jitbackend_test|onnxruntime).*")
_FOLDERS = re.compile(r"[^/]+\.libs/|torch/lib/|onnxruntime/capi/|_soundfile_data/")
_EXTRAS = ("", "docx", "pades", "ray")


def needed(extra: str) -> dict[str, Distribution]:
    """Every installed package that the program, or an extra of it, asks for, by its name in lower case."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = project["optional-dependencies"][extra] if extra else project["dependencies"]
    found: dict[str, Distribution] = {}
    _follow(asked, "", found)
    return dict(sorted(found.items()))


def _follow(asked: Iterable[str], extra: str, found: dict[str, Distribution]) -> None:
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError as error:
            message = f"{requirement.name} is not installed: install the extras {', '.join(filter(None, _EXTRAS))}"
            raise SystemExit(message) from error
        is_new = name not in found
        found[name] = package
        for part in requirement.extras or ([""] if is_new else []):
            _follow(package.requires or [], part, found)


def licence(package: Distribution) -> str:
    """What a package says of its licence."""
    about = package.metadata
    classifiers = [each.split(" :: ")[-1] for each in about.get_all("Classifier", []) if each.startswith("License ::")]
    stated = about.get("License-Expression") or "; ".join(classifiers) or about.get("License", "")
    if not stated:
        raise SystemExit(f"{about['Name']} says nothing of its licence")
    return str(stated).splitlines()[0].replace("|", "/")


def libraries(package: Distribution) -> list[str]:
    """The projects whose libraries are inside the wheel of a package."""
    files = [file.as_posix() for file in package.files or () if ".so" in file.name]
    names = {Path(file).name.partition(".so")[0] for file in files if _FOLDERS.match(file) and "cpython" not in file}
    bare = {re.sub(r"(-[0-9a-f]{8})+$", "", name).rstrip("-") for name in names}
    found = set()
    for name in (name for name in bare if name.startswith("lib") and not _OWN.fullmatch(name)):
        projects = [project for project, (_, pattern) in LIBRARIES.items() if re.fullmatch(pattern, name)]
        if not projects:
            raise SystemExit(f"{package.metadata['Name']} has the library {name}: add its licence to LIBRARIES")
        found.update(projects)
    return sorted(found, key=str.lower)


def tables() -> str:
    """Packages of the program and of each extra, then the libraries inside."""
    lines, seen = [], set()
    inside: dict[str, list[str]] = {}
    for extra in _EXTRAS:
        lines += ["", f"With the extra `{extra}`, also:" if extra else "The program needs:", ""]
        lines += ["| Package | Version | Licence, as it says itself |", "|---|---|---|"]
        for name, package in needed(extra).items():
            if name not in seen:
                lines.append(f"| {name} | {package.version.partition('+')[0]} | {licence(package)} |")
                for project in libraries(package):
                    inside.setdefault(project, []).append(name)
            seen.add(name)
    lines += [
        "",
        "Libraries inside their wheels (Linux, x86-64):",
        "",
        "| Library | Licence | Inside |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {LIBRARIES[name][0]} | {', '.join(of)} |" for name, of in sorted(inside.items())]
    return "\n".join([*lines, ""])


def main() -> None:
    """Fill in the tables."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{tables()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
