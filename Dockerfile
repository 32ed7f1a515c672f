# An image that holds everything and needs no network when it runs:
#     docker build --tag forensic .
#     docker run --rm --network none --user "$(id -u)" --volume "$PWD:/work" forensic scan calls --case mycase
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

COPY . /source
RUN cd /source \
    && pip install --no-cache-dir --no-deps --require-hashes --requirement locks/program.txt --requirement locks/cuda.txt \
    && pip install --no-cache-dir --no-deps --no-build-isolation . \
    && rm -rf /source

# Matplotlib and fontconfig keep what they find in a folder that any user may write.
ENV MPLCONFIGDIR=/tmp/matplotlib XDG_CACHE_HOME=/tmp/cache
RUN useradd --create-home examiner
USER examiner
WORKDIR /work
ENTRYPOINT ["forensic"]
CMD ["--help"]
