# Builds the server with its screens, then copies only what runs. Settings: docs/reference/configuration.md.
FROM node:22-bookworm-slim AS build
WORKDIR /app
# The manifests come first, so that a change of a source does not repeat the installation.
COPY package.json package-lock.json .npmrc ./
COPY packages/protocol/package.json packages/protocol/
COPY packages/client/package.json packages/client/
COPY packages/console/package.json packages/console/
COPY packages/widget/package.json packages/widget/
COPY packages/stand-ins/package.json packages/stand-ins/
COPY packages/server/package.json packages/server/
COPY packages/server/bin packages/server/bin
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY packages packages
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
# Without DATABASE_URL, PostgreSQL runs inside the container and keeps its data here; attachments are here in any case.
RUN mkdir /data && chown node:node /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages/protocol/package.json packages/protocol/
COPY --from=build /app/packages/protocol/dist packages/protocol/dist
COPY --from=build /app/packages/server/package.json packages/server/
COPY --from=build /app/packages/server/bin packages/server/bin
COPY --from=build /app/packages/server/dist packages/server/dist
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "packages/server/dist/main.js"]
