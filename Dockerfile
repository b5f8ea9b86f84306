# The exporter, what npm installs for production, Node.js and the libraries that it is linked to: no shell, no npm, no package
# manager. Nothing depends on the architecture but the base:
#
#   docker buildx build --platform linux/amd64,linux/arm64 -t sora-stats-exporter .

FROM node:26.10.0-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Nothing that we depend on needs its install script, and that of the package `node` would fetch a second Node.js.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json LICENSE ./
COPY scripts/build.ts scripts/
COPY src src
RUN node scripts/build.ts && npm prune --omit=dev --ignore-scripts --no-audit --no-fund
RUN set -e; \
  mkdir -p /image/app /image/etc; \
  cp -R package.json LICENSE node_modules dist /image/app/; \
  rm -r /image/app/node_modules/.bin /image/app/node_modules/.package-lock.json; \
  find /image/app/node_modules -type f '(' -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' ')' -delete; \
  for file in $(ldd /usr/local/bin/node | grep -o '/[^ ]*') /usr/local/bin/node; do cp -L --parents "$file" /image; done; \
  echo 'exporter:x:65532:65532::/:/nonexistent' > /image/etc/passwd; \
  echo 'exporter:x:65532:' > /image/etc/group; \
  echo 'hosts: files dns' > /image/etc/nsswitch.conf; \
  chmod -R a+rX,go-w /image

FROM scratch
LABEL org.opencontainers.image.title="sora-stats-exporter" \
  org.opencontainers.image.description="Prometheus exporter for the per-connection statistics of the WebRTC SFU Sora" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://github.com/sora-stats-exporter/sora-stats-exporter"
COPY --from=build /image /
ENV PATH=/usr/local/bin NODE_ENV=production
WORKDIR /app
# By number: Kubernetes cannot tell whether a name is root.
USER 65532:65532
EXPOSE 10490
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "dist/healthcheck.js"]
ENTRYPOINT ["node", "dist/main.js"]
