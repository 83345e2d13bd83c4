# One image for the API, the workers and the migration; the command chooses.
#   docker build -t tandem .
#   docker run ... tandem migrate | api | worker --lane interactive | worker --lane bulk
ARG PYTHON=3.11.7-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/tandem
RUN python -m venv /opt/tandem
COPY requirements.txt ./
RUN /opt/tandem/bin/python -m pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY alembic ./alembic
COPY app ./app
COPY workers ./workers
# editable: the migrations stand beside the package
RUN /opt/tandem/bin/python -m pip install --no-deps --no-build-isolation -e . \
    && /opt/tandem/bin/python -m compileall -q app workers

FROM python:${PYTHON}
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tandem
COPY --from=build /opt/tandem /opt/tandem
COPY --from=build /srv/tandem /srv/tandem
WORKDIR /srv/tandem
ENV PATH=/opt/tandem/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TANDEM_MODE=production TANDEM_HOST=0.0.0.0 TANDEM_PORT=8000 TANDEM_DATA_DIR=/tmp/tandem
USER 10001
EXPOSE 8000
# for the API; a worker switches it off (compose.yaml)
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ['TANDEM_PORT']}/health\", timeout=3)"]
STOPSIGNAL SIGTERM
CMD ["tandem", "api"]
