"""nginx and haproxy as plain TLS reverse proxies, and nginx in the place of an API server.

Each is one process with one worker, started and ended by its process id.
"""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

DISCOVERY_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def nginx_config(folder: Path, name: str, servers: str) -> Path:
    path = folder / f"{name}.conf"
    path.write_text(f"""
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 300;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  {servers}
}}
""")
    return path


def upstream_server(folder: Path, port: int, cert: Path, key: Path) -> str:
    """Serves the files of `folder` that proxy_bench.py has written."""

    def serve(path: str, file: str, content_type: str) -> str:
        return (
            f"location = {path} {{ default_type '{content_type}'; types {{ }} "
            f"alias {folder}/{file}; }}\n"
        )

    return f"""server {{
  listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
  {serve("/api", "api.json", DISCOVERY_TYPE)}
  {serve("/apis", "apis.json", DISCOVERY_TYPE)}
  {serve("/api/v1/namespaces/kube-system", "system.json", "application/json")}
  {serve("/api/v1/namespaces/dev/pods/small", "small.json", "application/json")}
  {serve("/api/v1/namespaces/dev/pods/small/log", "small.log", "text/plain")}
  {serve("/api/v1/namespaces/dev/pods", "pods.json", "application/json")}
}}"""


def proxy_server(port: int, upstream: int, cert: Path, key: Path, ca: Path) -> str:
    return f"""upstream api {{ server 127.0.0.1:{upstream}; keepalive 32; keepalive_requests 1000000; }}
server {{
  listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
  location / {{
    proxy_pass https://api; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; proxy_ssl_name localhost;
    proxy_buffers 16 16k;
  }}
}}"""


def haproxy_config(folder: Path, port: int, upstream: int, cert: Path, key: Path, ca: Path) -> Path:
    both = folder / "haproxy.pem"
    both.touch(0o600)
    both.write_text(cert.read_text() + key.read_text())
    path = folder / "haproxy.cfg"
    path.write_text(f"""
global
  nbthread 1
  maxconn 1024
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
frontend clients
  bind 127.0.0.1:{port} ssl crt {both} alpn http/1.1
  default_backend api
backend api
  server one 127.0.0.1:{upstream} ssl verify required ca-file {ca} sni str(localhost) verifyhost localhost
""")
    return path


def children(process: "subprocess.Popen[bytes]") -> list[str]:
    asked = ["pgrep", "-P", str(process.pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()


@contextlib.contextmanager
def nginx(config: Path) -> Iterator[int]:
    """Runs nginx; yields the process id of its worker."""
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(config), "-p", str(config.parent)])
    try:
        deadline = time.monotonic() + 5
        while not (found := children(process)) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield int(found[0])
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def haproxy(config: Path) -> Iterator[int]:
    """Runs haproxy in the foreground, where it is its own worker; yields its process id."""
    process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", str(config)])
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)
