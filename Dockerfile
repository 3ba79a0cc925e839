# The image of the listener and of the control plane, built from a checkout:
#   docker build --tag registry.example/towpath:0.1.0 .
# `towpath dev` needs git, which is not in it: that command is for a checkout.
ARG BUILD_IMAGE=docker.io/library/node:24-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /towpath
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY .github/scripts .github/scripts
COPY src src
RUN npm run build

FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /towpath
COPY package.json package-lock.json .npmrc ./
# What is optional brings another Node, and the image has one.
RUN npm ci --omit=dev --omit=optional

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="Towpath" \
  org.opencontainers.image.description="A GitOps bridge: desired LangGraph Agent Server deployments from a control plane into git" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
ENV NODE_ENV=production
WORKDIR /towpath
COPY --from=dependencies /towpath/node_modules node_modules
COPY --from=build /towpath/dist dist
COPY templates templates
COPY package.json LICENSE README.md ./
# "nonroot" of the image by its number, so that the kubelet can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/towpath/dist/cli/towpath.cjs"]
