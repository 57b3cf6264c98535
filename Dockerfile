FROM python:3.12-slim
RUN useradd --create-home nas && install -d -o nas /data
WORKDIR /srv/nas
COPY . .
RUN pip install --no-cache-dir ".[postgres]"
USER nas
ENTRYPOINT ["nas"]
