# The broker as a container: docker build -t sluice . && docker run -p 9092:9092 -p 9094:9094 sluice
# Another base image with Node 24 or newer: --build-arg BASE=…

ARG BASE=node:24-bookworm-slim

# Compiles the storage core and the TypeScript, then leaves only what runs.
FROM ${BASE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY tools ./tools
COPY assembly ./assembly
COPY src ./src
COPY tsconfig.json tsconfig.build.json ./
RUN node tools/setup.mjs \
 && npm prune --omit=dev --no-audit --no-fund --ignore-scripts

FROM ${BASE}
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="Event streaming: Kafka's protocol and gRPC, one process, no JVM" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /opt/sluice
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/build/dist ./build/dist
COPY --from=build /src/build/wasm ./build/wasm
COPY proto ./proto
COPY LICENSE README.md ./
RUN ln -s /opt/sluice/build/dist/cli/main.js /usr/local/bin/sluice \
 && chmod +x /opt/sluice/build/dist/cli/main.js \
 && mkdir -p /var/lib/sluice && chown 1000:1000 /var/lib/sluice
USER 1000:1000
VOLUME /var/lib/sluice
ENV SLUICE_DATA_DIR=/var/lib/sluice
# Kafka, gRPC, HTTP (health, metrics). The container's own network is the boundary: a container listens on
# all of its addresses, and `docker run -p 127.0.0.1:9094:9094` decides who reaches them.
EXPOSE 9092 9094 9095
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["sluice", "health", "--http", "127.0.0.1:9095"]
ENTRYPOINT ["sluice"]
# Kafka's clients are told where to come back to: SLUICE_ADVERTISED_LISTENERS_KAFKA says another place.
ENV SLUICE_ADVERTISED_LISTENERS_KAFKA=localhost:9092
CMD ["start", "--kafka", "0.0.0.0:9092", "--grpc", "0.0.0.0:9094", "--http", "0.0.0.0:9095", "--allow-insecure-listeners"]
