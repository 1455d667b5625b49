# The control plane. Build from the repository's root: docker build -f docker/server.Dockerfile -t attune-server .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages \
    dotnet publish src/Attune.Server/Attune.Server.csproj -c Release -o /published --nologo

FROM mcr.microsoft.com/dotnet/aspnet:10.0
LABEL org.opencontainers.image.title="attune-server" org.opencontainers.image.licenses="Apache-2.0"

# The image's own unprivileged user (1654); the state directory holds only the CA's certificate, which anybody may have.
RUN install -d -o "$APP_UID" -g "$APP_UID" -m 0755 /var/lib/attune
COPY --from=build /published /opt/attune
RUN ln -s /opt/attune/attune-server /usr/local/bin/attune-server

USER $APP_UID
WORKDIR /var/lib/attune
ENV DOTNET_EnableDiagnostics=0 \
    ATTUNE_Server__StateDirectory=/var/lib/attune
EXPOSE 7700 7701

# Asks the server itself, which in turn asks the database.
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 \
    CMD ["attune-server", "health", "https://127.0.0.1:7700"]

# TERM lets it end its calls and tell its agents to go to another replica.
STOPSIGNAL SIGTERM
ENTRYPOINT ["attune-server"]
CMD ["run"]
