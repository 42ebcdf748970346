#!/usr/bin/env python3
"""A model server that asks Signet before it answers, and a direct ask. Standard library alone: copy what you need.

  authorize.py serve PORT               serve the model; each call is decided by Signet
  authorize.py ask ACTING_USER          may I, with the certificate below, act as this user?
  authorize.py ask ACTING_USER FILE     may the holder of this certificate (PEM)? Asked as the model server.

  SIGNET_URL         https://signet.internal:8443
  SIGNET_CA          trust bundle: `signet trust get`
  SIGNET_CERT, _KEY  who asks: for `serve` the certificate of the service that serves the deployment
  SIGNET_DEPLOYMENT  the deployment that is called

`ask` ends with 0 when allowed, 1 when denied, 2 when there was no decision.
"""

import base64
import http.client
import http.server
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

MAX_BODY_BYTES = 1024 * 1024


class NoDecision(Exception):
    """Signet is away, or you may not ask: then nobody may enter."""


class Signet:
    def __init__(self, url, ca, cert, key, deployment):
        self.address = urlsplit(url)
        self.deployment = deployment
        # Signet is verified against the trust bundle alone, and by name.
        self.context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
        self.context.load_cert_chain(cert, key)

    def decide(self, acting_user, certificate=None):
        """`certificate`: what the caller showed on its TLS connection to you, in DER; None asks about yourself.

        Returns (allowed, reason, name of the caller or None). Raises NoDecision.
        """
        question = {"actingUser": acting_user, "deployment": self.deployment}
        if certificate is not None:
            question["credential"] = {"certificate": base64.b64encode(certificate).decode("ascii")}
        connection = http.client.HTTPSConnection(
            self.address.hostname, self.address.port, timeout=5, context=self.context
        )
        try:
            connection.request("POST", "/v1/authorize", json.dumps(question), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
            # 200 whatever the decision; anything else is about the question: a problem document (RFC 9457).
            if answer.status != 200:
                raise NoDecision(f"Signet answered {answer.status}: {text}")
            decision = json.loads(text)
            return decision["decision"] == "allow", decision["reason"], decision.get("subject", {}).get("name")
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise NoDecision(str(error)) from error
        finally:
            connection.close()


class ModelCall(http.server.BaseHTTPRequestHandler):
    signet = None
    timeout = 10

    def handle(self):
        try:
            super().handle()
        except OSError as error:  # Among them ssl.SSLError: a certificate that does not hold ends in the handshake.
            self.log_error("%s", error)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            return self.answer(413, "send less")
        self.rfile.read(length)  # What the model would work on.
        # Whom the caller says it acts for stands in a header; two headers would be two answers to one question.
        acting_users = self.headers.get_all("X-Acting-User", [])
        if len(acting_users) != 1:
            return self.answer(400, "one X-Acting-User, please")
        # Who it is, in its certificate.
        certificate = self.connection.getpeercert(binary_form=True)
        if certificate is None:
            return self.answer(401, "show a client certificate")
        try:
            # For each call: a revocation counts from the next decision on.
            allowed, reason, name = self.signet.decide(acting_users[0], certificate)
        except NoDecision as error:
            self.log_error("%s", error)
            return self.answer(503, "no decision")  # Never in doubt for the caller.
        if not allowed:
            return self.answer(403, reason)
        return self.answer(200, f"the model's answer for {name}")

    def answer(self, status, text):
        body = f"{text}\n".encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_):
        pass


def serve(signet, port, ca, cert, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    context.load_cert_chain(cert, key)
    # Python hands out only a certificate that it has verified itself (path and time); revocation is Signet's to say.
    context.verify_mode = ssl.CERT_OPTIONAL
    ModelCall.signet = signet
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), ModelCall)
    # The handshake belongs to the thread of its call, or one slow caller would keep all others waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(f"serving on {server.server_port}", flush=True)
    server.serve_forever()


def ask(signet, acting_user, file=None):
    certificate = None
    if file is not None:
        with open(file, encoding="ascii") as pem:
            # The leaf: the first of the file.
            leaf = pem.read().partition("-----END CERTIFICATE-----")
            certificate = ssl.PEM_cert_to_DER_cert(leaf[0] + leaf[1] + "\n")
    try:
        allowed, reason, _ = signet.decide(acting_user, certificate)
    except NoDecision as error:
        print(error, file=sys.stderr)
        return 2
    print("allow" if allowed else "deny", reason)
    return 0 if allowed else 1


def main(words):
    try:
        url, ca, cert, key, deployment = (
            os.environ[name]
            for name in ("SIGNET_URL", "SIGNET_CA", "SIGNET_CERT", "SIGNET_KEY", "SIGNET_DEPLOYMENT")
        )
    except KeyError as missing:
        print(f"set {missing.args[0]}", file=sys.stderr)
        return 2
    signet = Signet(url, ca, cert, key, deployment)
    if len(words) == 2 and words[0] == "serve":
        return serve(signet, int(words[1]), ca, cert, key)
    if len(words) in (2, 3) and words[0] == "ask":
        return ask(signet, *words[1:])
    print("usage: authorize.py serve PORT | ask ACTING_USER [FILE]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
