# The host with its page, as compose starts it. No build tool and no source of a test comes into the image that runs.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund \
 && npm run build \
 && npm prune --omit=dev --no-audit --no-fund \
 && rm -rf .turbo packages/*/.turbo packages/*/test packages/*/bench

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/packages ./packages
RUN ln -s /app/packages/host/bin/signalbox.js /usr/local/bin/signalbox \
 && install -d -o node -g node -m 0700 .signalbox
USER node
ENTRYPOINT ["node", "/app/packages/host/bin/signalbox.js"]
CMD ["start", "--no-open"]
