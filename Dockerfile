# syntax=docker/dockerfile:1

FROM oven/bun:1.4.5 AS build
WORKDIR /build
# Installing generates the database client, which reads the schema.
COPY package.json bun.lock bunfig.toml ./
COPY prisma ./prisma
RUN bun install --frozen-lockfile
COPY tsconfig.json ./
COPY src ./src
RUN bun run build

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home stenogate \
  && install --directory --owner=stenogate --group=stenogate --mode=0700 /var/lib/stenogate
COPY --from=build /build/dist/stenogate /usr/local/bin/stenogate

ENV DATA_DIR=/var/lib/stenogate
VOLUME /var/lib/stenogate
EXPOSE 3001
USER stenogate
# `docker stop` waits 10 s by default, no longer than SHUTDOWN_DEADLINE_MS: use --stop-timeout.
STOPSIGNAL SIGTERM
# No HEALTHCHECK: the image holds no HTTP client. Orchestrators ask /livez and /readyz.
ENTRYPOINT ["stenogate"]
CMD ["serve"]
