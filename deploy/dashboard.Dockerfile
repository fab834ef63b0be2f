# The dashboard as an image: docker build --file deploy/dashboard.Dockerfile --tag risk-dashboard .
# It serves what lies in /lake, mounted read-only, and takes its settings from RISK_LAKE_DASHBOARD_<NAME> (docs/dashboard.md).
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
COPY requirements/bootstrap.lock requirements/dashboard.lock requirements/
# Every package is a wheel whose hash stands in a lock file; nothing is resolved here.
RUN python -m venv /opt/dashboard \
    && python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: --requirement requirements/bootstrap.lock \
    && /opt/dashboard/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: --requirement requirements/dashboard.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY sql sql
COPY quicksight quicksight
COPY spark_jobs spark_jobs
COPY ml ml
COPY services services
RUN /opt/tools/bin/hatchling build --target wheel \
    && /opt/dashboard/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl

FROM ${BASE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin dashboard
COPY --from=build /opt/dashboard /opt/dashboard
ENV PATH=/opt/dashboard/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RISK_LAKE_DASHBOARD_LAKE=/lake
USER 10001
WORKDIR /tmp
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
ENTRYPOINT ["python", "-m", "services.dashboard", "--address", "0.0.0.0"]
