# The one image of vault, ingest and keeper. The Python and the ffmpeg are those the tests run on (Debian 12).
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.lock requirements-run.lock ./
# The tools that build the project stay in this stage; like everything else they come by hash.
RUN python -m venv /tools && /tools/bin/pip install --require-hashes -r requirements.lock
RUN python -m venv /opt/bodycam-vault \
    && /opt/bodycam-vault/bin/pip install --require-hashes -r requirements-run.lock
COPY . .
RUN /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/bodycam-vault/bin/pip install --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 bodycam \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin bodycam \
    # A new volume takes over owner and mode of the folder it is mounted on; a key ring is its owner's alone.
    && install -d -o bodycam -g bodycam -m 0700 /keys /rings/vault /rings/ingest
COPY --from=build /opt/bodycam-vault /opt/bodycam-vault
# glibc's own malloc thresholds cost a factor of four on random ranges (docs/decisions/dependencies.md, uvicorn).
ENV PATH=/opt/bodycam-vault/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_MMAP_THRESHOLD_=33554432 \
    MALLOC_TRIM_THRESHOLD_=134217728
USER 10001:10001
EXPOSE 8000 8001
ENTRYPOINT ["bodycam-vault"]
CMD ["--help"]
