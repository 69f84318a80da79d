# postern's image, built by a container engine:  docker build -t postern .
# scripts/image.sh makes the same image without one; both take its files from scripts/image/contents.py.
# For a build that can be repeated, pin the base: --build-arg DEBIAN=debian@sha256:…
ARG DEBIAN=debian:12-slim

FROM ${DEBIAN} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates clang-16 cmake doctest-dev git libboost1.81-dev libcli11-dev libcurl4-openssl-dev \
      libexpected-dev libfmt-dev libprotozero-dev libre2-dev libsimdjson-dev libspdlog-dev libsqlite3-dev \
      libssl-dev libyaml-cpp-dev lld-16 llvm-16 ninja-build nlohmann-json3-dev pkg-config \
      prometheus-cpp-dev python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN scripts/build.sh release postern \
 && scripts/image/build_image.py --program build/postern --root /root-of-the-image

FROM scratch
COPY --from=build /root-of-the-image /
LABEL org.opencontainers.image.title="postern" \
      org.opencontainers.image.description="Kubernetes access through a small guarded door" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The postern authors"
ENV PATH=/usr/bin HOME=/home/nonroot
USER 65532:65532
EXPOSE 8443 8081
STOPSIGNAL SIGTERM
WORKDIR /
ENTRYPOINT ["/usr/bin/postern"]
CMD ["proxy", "--config", "/etc/postern/config.yaml"]
