"""TLS for scripted servers, and certificates, made by openssl(1) when they are wanted."""

import contextlib
import os
import ssl
import subprocess


class Authority:
    """One that signs certificates; its folder is the caller's."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.certificate, self._key = (os.path.join(directory, f"{name}.{end}") for end in ("pem", "key"))
        _make_request(self._key, self.certificate, f"/CN={name}", "-x509", "-days", "2")

    def sign(self, name, *names, days=2):
        """Returns what a server needs; names: "DNS:proxy.example", "IP:127.0.0.1"."""
        key, request, certificate = (os.path.join(self.directory, f"{name}.{end}") for end in ("key", "csr", "pem"))
        _make_request(key, request, f"/CN={name}", "-addext", "subjectAltName=" + ",".join(names))
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                 "-days", str(days), "-copy_extensions", "copy", "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def _make_request(key, out, subject, *more):
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", out,
             "-subj", subject, *more)


def _openssl(*argv):
    subprocess.run(("openssl", *argv), check=True, capture_output=True)


class Connection:
    """TLS, the server's side, over another connection, TLS or not."""

    def __init__(self, below, context):
        self.below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._do(self._tls.do_handshake)

    def recv(self, size):
        with contextlib.suppress(ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return self._do(self._tls.read, size)
        return b""

    def sendall(self, data):
        while data:
            data = data[self._do(self._tls.write, data):]

    def close_notify(self):
        with contextlib.suppress(ssl.SSLError):  # it has not heard the other's yet
            self._tls.unwrap()
        self.below.sendall(self._outgoing.read())

    def shutdown(self, how):
        self.below.shutdown(how)

    def close(self):
        self.below.close()

    def _do(self, what, *arguments):
        while True:
            try:
                return what(*arguments)
            except ssl.SSLWantReadError:
                self._say()
                data = self.below.recv(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            finally:
                self._say()

    def _say(self):
        data = self._outgoing.read()
        if data:
            self.below.sendall(data)


def tls(context):
    """A play: what comes after it is inside TLS."""
    def play(peer):
        peer.flush()
        with contextlib.suppress(ssl.SSLError):  # the other side does not like the certificate
            peer.connection = Connection(peer.connection, context)
            return
        peer.hang_up()
    return play
