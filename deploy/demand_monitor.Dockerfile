# The demand monitor as an image for Lambda: docker build --file deploy/demand_monitor.Dockerfile --tag demand-monitor .
# Both functions run it: CMD names the one that judges, the other is named by Terraform. AWS's own base image for Python 3.11
# has an older C library than the packages here were built for, so this is Debian's with AWS's runtime client.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
COPY requirements/bootstrap.lock requirements/demand_monitor.lock requirements/
# Every package is a wheel whose hash stands in a lock file; nothing is resolved here.
RUN python -m venv /opt/monitor \
    && python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: --requirement requirements/bootstrap.lock \
    && /opt/monitor/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: --requirement requirements/demand_monitor.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY sql sql
COPY quicksight quicksight
COPY spark_jobs spark_jobs
COPY ml ml
COPY services services
RUN /opt/tools/bin/hatchling build --target wheel \
    && /opt/monitor/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl

FROM ${BASE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin monitor
COPY --from=build /opt/monitor /opt/monitor
# Lambda's file system is read-only but for /tmp.
ENV PATH=/opt/monitor/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["services.demand_monitor.handler.handle"]
