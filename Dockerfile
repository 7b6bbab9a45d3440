# The command line, and by default the server with the data directory /data; see docs/guides/install.md.
FROM python:3.13.9-slim-bookworm AS build
# `local` brings Terraform under the Business Source License; an empty EXTRAS leaves it out.
ARG EXTRAS=local
WORKDIR /source
COPY setup.cfg setup.py MANIFEST.in README.md CHANGELOG.md LICENSE ./
COPY remote_backend remote_backend
RUN python -m venv /opt/remote-backend \
    && /opt/remote-backend/bin/pip install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.13.9-slim-bookworm
COPY --from=build /opt/remote-backend /opt/remote-backend
RUN useradd --uid 10001 --create-home remote-backend \
    && install --directory --owner=remote-backend --mode=0700 /data \
    && install --directory --owner=remote-backend /work
ENV PATH=/opt/remote-backend/bin:$PATH
USER 10001
WORKDIR /work
VOLUME /data
EXPOSE 8080
# Without curl, which the slim image does not have.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
ENTRYPOINT ["remote-backend"]
CMD ["serve", "-listen=0.0.0.0:8080", "-plain-http", "-data=/data"]
