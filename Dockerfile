# An image that has everything inside and needs no network when it runs:
#     docker build --tag forensic .                          # 2 GB, for processors
#     docker build --tag forensic --build-arg TORCH=cuda .   # 6 GB, also for a GPU
#     docker run --rm --network none --user "$(id -u)" --volume "$PWD:/work" forensic scan calls --case mycase
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS installed
ARG TORCH=cpu
# The package index has no build of torch for processors alone; what comes from here must have the hash of the lock.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY . /source
WORKDIR /source
RUN python3 -m venv /opt/forensic \
    && PATH=/opt/forensic/bin:$PATH \
    && case "$TORCH" in \
        cpu) pip install --no-deps --require-hashes --extra-index-url "$TORCH_INDEX" --requirement locks/cpu.txt ;; \
        cuda) pip install --no-deps --require-hashes --requirement locks/cuda.txt ;; \
        *) echo "Error: TORCH is \"$TORCH\". Try: TORCH=cpu or TORCH=cuda." >&2; exit 1 ;; \
    esac \
    && pip install --no-deps --require-hashes --requirement locks/program.txt \
    && pip install --no-deps --no-build-isolation . \
    && python -c 'import torch'

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
COPY --from=installed /opt/forensic /opt/forensic
# Matplotlib and fontconfig keep what they find in a folder that any user may write.
ENV PATH=/opt/forensic/bin:$PATH MPLCONFIGDIR=/tmp/matplotlib XDG_CACHE_HOME=/tmp/cache
RUN useradd --create-home examiner
USER examiner
WORKDIR /work
ENTRYPOINT ["forensic"]
CMD ["--help"]
