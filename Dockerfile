# syntax=docker/dockerfile:1
# One image with all programs; docker-compose.yml says which of them a container runs.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The caches outlive the layer, so that a change of one crate does not build all of them again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked \
      -p ingestd -p backfill -p apid -p crossfeed -p fake-vendors \
    && mkdir /programs \
    && cp target/release/ingestd target/release/backfill target/release/apid \
          target/release/crossfeed target/release/fake-vendors /programs/

FROM debian:bookworm-slim
# The vendors are reached over TLS; the database is another container, so no server is needed here.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/crossfeed crossfeed
COPY --from=build /programs/ /usr/local/bin/
COPY sources-config /srv/crossfeed/sources-config
WORKDIR /srv/crossfeed
# Answers that made no sense are kept here.
ENV CROSSFEED_HOME=/var/lib/crossfeed
USER crossfeed
CMD ["crossfeed", "--help"]
