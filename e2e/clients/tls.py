#!/usr/bin/env python3
"""Https before a server that speaks http, with a certificate of an authority made for the occasion.

    tls.py FOLDER PORT BACKEND     makes FOLDER/ca.pem, listens on localhost:PORT, passes bytes to BACKEND (host:port)

Existing clients insist on https. Needs the `openssl` command. Prints `ready` when it listens; ends with its standard input.
"""

import os
import socket
import ssl
import subprocess
import sys
import threading

AUTHORITY = "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", "subjectKeyIdentifier=hash"
SERVER = (
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "subjectKeyIdentifier=hash",
    "authorityKeyIdentifier=keyid",
)


def certify(folder):
    """An authority, and a certificate for this machine that it has signed."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    extensions = [part for extension in AUTHORITY for part in ("-addext", extension)]
    made = ["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=an authority for tests"]
    openssl("req", "-x509", *key, *made, *extensions)
    openssl("req", "-new", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    with open(os.path.join(folder, "server.ext"), "w", encoding="ascii") as file:
        file.write("\n".join(SERVER) + "\n")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "server.ext"]
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)


def copy(source, sink):
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(context, connection, backend):
    try:
        outside = context.wrap_socket(connection, server_side=True)
        inside = socket.create_connection(backend)
    except OSError:
        connection.close()
        return
    back = threading.Thread(target=copy, args=(inside, outside), daemon=True)
    back.start()
    copy(outside, inside)
    back.join()
    outside.close()
    inside.close()


def main():
    folder, port, backend = sys.argv[1:4]
    certify(folder)
    host, _, backend_port = backend.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))
    listener = socket.create_server(("127.0.0.1", int(port)))
    print("ready", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(context, connection, (host, int(backend_port))), daemon=True).start()


if __name__ == "__main__":
    main()
