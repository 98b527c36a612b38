# The light build: `tune`, `serve`, `launch`, with studies in PostgreSQL and without training.
# docker build --build-arg FEATURES=train,postgres . builds training on the CPU as well.
FROM debian:trixie-slim AS build
ARG FEATURES=postgres
RUN apt-get update \
    && apt-get install --no-install-recommends -y build-essential ca-certificates rustup \
    && rm -rf /var/lib/apt/lists/* \
    && rustup set profile minimal && rustup default 1.95
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p automl-rs-cli --no-default-features --features "$FEATURES"

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install --no-install-recommends -y ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home automl
COPY --from=build /src/target/release/automl /usr/local/bin/automl
USER 10001
WORKDIR /home/automl
ENTRYPOINT ["automl"]
