# The agent, with the runtimes that most packs use. Build from the repository's root:
#   docker build -f docker/agent.Dockerfile -t attune-agent .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TARGETARCH=amd64
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages \
    case "$TARGETARCH" in amd64) runtime=linux-x64 ;; arm64) runtime=linux-arm64 ;; *) exit 1 ;; esac \
    && dotnet publish agents/Attune.Agent/Attune.Agent.csproj -c Release -r "$runtime" --self-contained -o /published --nologo

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="attune-agent" org.opencontainers.image.licenses="Apache-2.0"

# tini reaps what actions leave behind and passes signals on; the agent itself needs nothing of this but certificates.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tini bash openssl python3 python3-venv nodejs npm \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 1655 --home-dir /var/lib/attune-agent --create-home --shell /usr/sbin/nologin attune-agent
COPY --from=build /published/attune-agent /usr/local/bin/attune-agent

USER attune-agent
WORKDIR /var/lib/attune-agent
# Identity, spool and caches: keep it on a volume, so that a new container is the same agent.
VOLUME /var/lib/attune-agent
ENV ATTUNE_AGENT_STATE_DIR=/var/lib/attune-agent

# Fails when the agent does not run or does not answer.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["attune-agent", "status"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "attune-agent"]
