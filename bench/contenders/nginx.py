"""nginx as a plain reverse proxy: one worker, kept-alive connections to the providers, no buffering, no access log."""

from __future__ import annotations

import shutil

from bench.contenders.contender import Running, answers
from bench.process import Failed, Program, free_port
from bench.site import Site

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  client_body_buffer_size 64k;
  keepalive_requests 10000000;
  upstream providers {{ {servers} keepalive 512; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} {listen};
    {certificate}
    location /livez {{ return 200 "ok"; }}
    location / {{
      proxy_pass {scheme}://providers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
      {trust}
    }}
  }}
}}
"""


def installed() -> bool:
    """Whether there is an nginx here."""
    return shutil.which("nginx") is not None


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    return _start(site, secure_upstream=False, secure_front=False)


def tls_upstream(site: Site) -> Running:
    """TLS to the providers."""
    return _start(site, secure_upstream=True, secure_front=False)


def tls_both(site: Site) -> Running:
    """TLS on both sides."""
    return _start(site, secure_upstream=True, secure_front=True)


def _start(site: Site, *, secure_upstream: bool, secure_front: bool) -> Running:
    binary = shutil.which("nginx")
    if binary is None:
        raise Failed("nginx is not installed: apt-get install nginx")
    port = free_port()
    folder = site.folder / f"nginx-{port}"
    folder.mkdir()
    cert, key = site.certificate.cert, site.certificate.key
    places = site.secure if secure_upstream else site.plain
    trust = f"proxy_ssl_trusted_certificate {cert}; proxy_ssl_verify on; proxy_ssl_name localhost;" if secure_upstream else ""
    config = _CONFIG.format(
        folder=folder,
        port=port,
        servers=" ".join(f"server {place};" for place in places),
        listen="ssl" if secure_front else "",
        certificate=f"ssl_certificate {cert}; ssl_certificate_key {key};" if secure_front else "",
        scheme="https" if secure_upstream else "http",
        trust=trust,
    )
    (folder / "nginx.conf").write_text(config)
    program = Program([binary, "-c", str(folder / "nginx.conf"), "-p", str(folder)], folder / "log")
    netloc, front = f"127.0.0.1:{port}", cert if secure_front else None
    ready = program.wait_until(lambda: answers(netloc, "/livez", front), 10)
    return Running(netloc=netloc, program=program, trust=front, ready_after=ready)
