# syntax=docker/dockerfile:1
# One image for every service: `nas`, and `ray` of the version that `nas` was installed with.
FROM python:3.12-slim AS build
RUN python -m venv /opt/nas
ENV PATH=/opt/nas/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The dependencies alone: this layer is made anew only when pyproject.toml changes. Without GPUs,
# `--build-arg PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu` makes it far smaller.
ARG PIP_EXTRA_INDEX_URL=
COPY pyproject.toml README.md LICENSE ./
RUN pip install ".[postgres]" && pip uninstall --yes nas-service
COPY search_spaces search_spaces
COPY nas nas
COPY workers workers
COPY api api
RUN pip install --no-deps --prefix /package .

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home nas && install -d -o nas -g nas /data
COPY --from=build /opt/nas /opt/nas
COPY --from=build /package /opt/nas
ENV PATH=/opt/nas/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/nas
CMD ["nas", "--help"]
