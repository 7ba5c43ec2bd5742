#!/usr/bin/env python3
"""The CLI against a server of the test's own, which records what it is asked and answers as told.

usage: cli_requests_test.py TRUEBOOT
"""
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

PROGRAM = sys.argv.pop(1)
TOKEN = "0123456789abcdef-token"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        status, kind, data, *more = self.server.reply(self.command, url.path, query, body)
        self.send_response(status)
        for name, value in more:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate, key, version=ssl.TLSVersion.TLSv1_3):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = version
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.seen = []
        self.reply = lambda *_: answer({})
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, *_):
        pass  # handshakes that a client gives up


def answer(value, status=200):
    return status, "application/json", json.dumps(value).encode()


def error(status, **fields):
    return answer({"error": fields}, status)


def host(name, verdict="trusted", **more):
    return {"id": "id-" + name, "name": name, "group": "", "state": "active", "verdict": verdict,
            "reason": "", "reason_code": "", "tpm_version": "2.0", "secure_boot": "on",
            "since": "2030-01-01T00:00:00Z", "last_seen": None, "last_verified": None,
            "maintenance": False, "evidence": "5e" * 32, **more}


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="trueboot-cli-")
        cls.dir = pathlib.Path(cls.folder.name)
        cls.certificate, cls.key = str(cls.dir / "c.pem"), str(cls.dir / "k.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", cls.key, "-out", cls.certificate, "-days", "2", "-subj",
                        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        der = ssl.PEM_cert_to_DER_cert(pathlib.Path(cls.certificate).read_text())
        cls.fingerprint = hashlib.sha256(der).hexdigest()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.server = Server(self.certificate, self.key)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_cli(self, *arguments, ca=None, token=TOKEN, server=None, **environment):
        port = (server or self.server).server_address[1]
        values = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "TRUEBOOT_TOKEN": token,
                  "TRUEBOOT_URL": f"https://127.0.0.1:{port}",
                  "TRUEBOOT_CA": self.certificate if ca is None else ca, **environment}
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=60, check=False,
                              env={k: v for k, v in values.items() if v}, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def refused(self, *arguments, status=3, **more):
        found, out, err = self.run_cli(*arguments, **more)
        self.assertEqual((found, out), (status, ""), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        return err

    # lists

    def pages(self, _method, _path, query, _body):
        start = int(query.get("cursor", 0))
        items = [host(f"h{i}", "not-capable" if i == 4 else "trusted") for i in range(start, start + 2)]
        return answer({"items": items, "next": str(start + 2) if start < 4 else None, "total": 6})

    def test_lists_are_followed_to_their_last_page(self):
        self.server.reply = self.pages
        status, out, _ = self.run_cli("host", "list", "--group", "a&b", "--verdict", "trusted")
        self.assertEqual((status, len(out.splitlines())), (0, 7))
        self.assertIn("N/A", out.splitlines()[5])
        self.assertEqual([r[0] for r in self.server.seen], ["GET"] * 3)
        self.assertIn("group=a%26b", self.server.seen[2][1])
        self.assertEqual(self.server.seen[0][2]["Authorization"], "Bearer " + TOKEN)
        status, out, _ = self.run_cli("host", "list", "--json")
        self.assertEqual([h["name"] for h in json.loads(out)["items"]], [f"h{i}" for i in range(6)])

    def test_a_list_that_never_ends_is_given_up(self):
        self.server.reply = lambda *_: answer({"items": [host("a")], "next": "same", "total": 1})
        self.assertEqual(self.run_cli("host", "list")[0], 3)
        self.assertEqual(len(self.server.seen), 2)
        self.server.reply = lambda m, p, q, b: answer({"items": [], "next": q.get("cursor", "") + "x"})
        self.assertEqual(self.run_cli("audit")[0], 3)

    def test_an_empty_list_is_a_list(self):
        self.server.reply = lambda *_: answer({"items": [], "next": None})
        self.assertEqual(json.loads(self.run_cli("incident", "list", "--json")[1]), {"items": []})
        self.assertEqual(len(self.run_cli("ek", "list")[1].splitlines()), 1)

    # errors

    def test_errors_are_one_line_with_everything_the_server_said(self):
        self.server.reply = lambda *_: error(422, code="policy", message="wrong", where="line 3",
                                             expected="a number", found="text")
        self.assertEqual(self.refused("audit"),
                         "trueboot: wrong: line 3: expected a number, found text (422 policy)\n")

    def test_answers_that_are_no_answers_are_refused(self):
        for reply in ((200, "text/html", b"<html>"), (200, "application/json", b"{"), (200, "", b"x"),
                      (200, "application/json", b'{"items":[],"items":[]}'), (200, "application/json", b""),
                      (200, "application/json", b"{}"), (500, "text/plain", b"boom"), (404, "", b"")):
            self.server.reply = lambda *_, r=reply: r
            self.refused("audit")

    def test_a_redirect_is_not_followed(self):
        self.server.reply = lambda *_: (302, "text/plain", b"", ("Location", "/v1/other"))
        self.assertIn("redirect", self.refused("audit"))
        self.assertEqual(len(self.server.seen), 1)

    def test_nobody_listening_is_exit_3(self):
        self.refused("audit", TRUEBOOT_URL="https://127.0.0.1:1")

    def test_t44_what_the_server_sends_does_not_act_on_the_terminal(self):
        evil = "\x1b[2J\x1b]0;t\x07\u202e\u009b31m\r\nx"
        self.server.reply = lambda *_: error(400, code=evil, message=evil, where=evil)
        self.assertTrue(self.refused("audit").isascii())
        name = host(evil, reason=evil)
        for command in (("host", "list"), ("host", "show", "h"), ("report",), ("host", "list", "--json")):
            self.server.reply = lambda *_: answer({**name, "items": [name], "next": None, "hosts": [name],
                                                   "limits": [evil], "verdicts": {evil: 3}, "made": evil})
            status, out, _ = self.run_cli(*command)
            self.assertEqual(status, 0)
            self.assertTrue(out.isascii())
            self.assertFalse(set(out) & set("\x1b\x07\r\x9b"))

    # the connection

    def test_only_the_given_ca_or_certificate_is_trusted(self):
        self.server.reply = self.pages
        self.refused("host", "list", ca="", SSL_CERT_FILE="/dev/null")
        self.assertEqual(self.server.seen, [])
        colons = ":".join(self.fingerprint[i:i + 2] for i in range(0, 64, 2)).upper()
        for ca in (self.fingerprint, "sha256:" + self.fingerprint, colons):
            self.server.seen.clear()
            status, out, err = self.run_cli("host", "list", ca=ca)
            self.assertEqual((status, len(out.splitlines()), len(self.server.seen)), (0, 7, 3), err)

    def test_the_token_is_never_sent_to_another_certificate(self):
        wrong = "00" + self.fingerprint[2:]
        self.assertIn(f"expected the fingerprint {wrong}, found {self.fingerprint}",
                      self.refused("host", "list", ca=wrong))
        self.assertEqual(self.server.seen, [])

    def test_tls_1_2_is_refused(self):
        old = Server(self.certificate, self.key, ssl.TLSVersion.TLSv1_2)
        self.addCleanup(old.server_close)
        self.addCleanup(old.shutdown)
        for ca in (self.certificate, self.fingerprint):
            self.refused("host", "list", ca=ca, server=old)
        self.assertEqual(old.seen, [])

    def test_the_configuration_file_names_server_token_and_ca(self):
        self.server.reply = self.pages
        token, config = self.dir / "token", self.dir / "config/trueboot/cli.json"
        token.write_text("from-a-file\n")
        token.chmod(0o600)
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(json.dumps({"url": f"https://127.0.0.1:{self.server.server_address[1]}/",
                                      "token_file": str(token), "ca": self.fingerprint}))
        none = {"TRUEBOOT_URL": "", "TRUEBOOT_CA": "", "TRUEBOOT_TOKEN": ""}
        status, _, err = self.run_cli("host", "list", **none, XDG_CONFIG_HOME=str(self.dir / "config"))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(self.server.seen[0][2]["Authorization"], "Bearer from-a-file")
        token.chmod(0o644)
        status, _, err = self.run_cli("host", "list", **none, XDG_CONFIG_HOME=str(self.dir / "config"))
        self.assertIn("others can read", err)
        config.write_text('{\n"urll": "x"}')
        self.assertIn(f"{config}:2:", self.refused("audit", "--config", str(config), status=2))

    def test_a_token_with_a_line_break_is_refused(self):
        self.refused("audit", token="a\r\nX-Other: b", status=2)
        self.assertEqual(self.server.seen, [])

    # hosts

    def named(self, method, path, query, _body):
        """A host with the id `id-web`, named `web`."""
        if path.startswith("/v1/hosts/id-web"):
            return answer(host("web")) if method != "DELETE" else (204, "", b"")
        if path == "/v1/hosts" and method == "GET":
            found = [h for h in (host("web"), host("web2")) if query["q"] in h["name"]]
            return answer({"items": found, "next": None, "total": len(found)})
        return error(404, code="not-found", message="there is no such host")

    def test_the_boot_of_a_host_is_told_with_what_is_proved(self):
        story = {"parts": ["grub"], "unverified_parts": ["shim"], "option_roms": 1,
                 "shim": {"sbat_level": ["sbat,1\x1b[2J"], "owner_keys": "yes"},
                 "grub": {"commands": 1, "files": 0, "kernel": "/v"},
                 "cmdline": {"state": "proved", "text": "/v root=\x1b[31m"}, "sections": [], "initrds": [],
                 "windows": None, "esxi": None}
        boot = {"secure_boot": "off", "firmware_version": "", "exit_boot_services": True, "story": story,
                "programs": [{"bank": "sha256", "digest": "00", "unverified_path": "x.efi"}]}
        web = host("web", result={"findings": [], "boot": boot})
        self.server.reply = lambda *_: answer(web)
        out = self.run_cli("host", "show", "id-web")[1]
        lines = {l[16:30].strip(): (l[4:14].strip(), l[30:]) for l in out.split("boot\n", 1)[1].splitlines()}
        self.assertEqual(lines["Secure Boot"], ("verified", "off"))
        self.assertEqual(lines["firmware"][0], "unverified")
        self.assertEqual(lines["shim"][0], "unverified")
        self.assertEqual(lines["GRUB"], ("verified", "1 command; kernel /v"))
        self.assertEqual(lines["command line"], ("verified", "/v root=\\x1b[31m"))
        self.assertEqual(lines["its path"], ("unverified", "x.efi"))
        self.assertEqual(lines["end"][0], "verified")
        self.assertNotIn("\x1b", out)
        for broken in (None, [], {"story": []}, {"story": {"cmdline": []}, "programs": [7], "keys": 1}):
            web["result"]["boot"] = broken
            self.assertEqual(self.run_cli("host", "show", "id-web")[0], 0)

    def test_the_packages_of_a_host_are_told(self):
        one = {"name": "base", "version": "1\x1b[2J", "security_version": 3, "kind": "base", "level": "certified",
               "verified": True, "checked": True, "vendor": "V", "signer": "CN=S"}
        chain = {"set": "a", "verifier": "pass", "complete": True, "rescue": False,
                 "packages": [one, {**one, "name": "x", "verified": False, "level": None, "signer": None}]}
        web = host("web", result={"findings": [], "boot": {"chain": chain}})
        self.server.reply = lambda *_: answer(web)
        for verb in ("packages", "show"):
            code, out = self.run_cli("host", verb, "id-web")[:2]
            self.assertEqual(code, 0)
            self.assertIn("boot set a, Secure Boot Verifier: pass, complete\n", out)
            rows = [line.split() for line in out.split("PACKAGE ", 1)[1].splitlines()[1:3]]
            self.assertEqual(rows[0], ["base", "1\\x1b[2J", "3", "base", "certified", "yes", "yes", "V", "CN=S"])
            self.assertEqual(rows[1][4:6], ["-", "no"])
            self.assertNotIn("\x1b", out)
        self.assertEqual(json.loads(self.run_cli("host", "packages", "id-web", "--json")[1]), chain)
        for broken in ({"set": 7, "packages": 7}, {"packages": [7, None]}, {}):
            web["result"]["boot"]["chain"] = broken
            self.assertEqual(self.run_cli("host", "packages", "id-web")[0], 0)
        for none in (None, {}, {"boot": None}, {"boot": {"chain": None}}):
            web["result"] = none
            self.assertEqual(self.run_cli("host", "packages", "id-web")[0], 1)

    def test_what_would_explain_a_mismatch_is_told_of_a_host(self):
        boot = {"explanations": [{"code": "surplus-events", "where": "PCR 7: sha256", "meaning": "it\x1b[2J fits",
                                  "detail": "event 9", "next": "look"}, 7, {}],
                "explanations_lost": 2, "explanations_cut": True}
        web = host("web", result={"findings": [], "boot": boot})
        self.server.reply = lambda *_: answer(web)
        code, out = self.run_cli("host", "show", "id-web")[:2]
        self.assertEqual(code, 0)
        self.assertIn("explained  surplus-events  PCR 7: sha256\n      tried     it\\x1b[2J fits\n"
                      "      with      event 9\n      next      look\n", out)
        self.assertIn("2 explanations more", out)
        self.assertIn("not all that could be tried was", out)
        for broken in ([], 7, {"explanations": 7}, {"explanations": [None]}):
            web["result"]["boot"] = broken
            self.assertEqual(self.run_cli("host", "show", "id-web")[0], 0)

    def test_hosts_are_found_by_id_and_by_name(self):
        self.server.reply = self.named
        for given in ("id-web", "web"):
            self.assertIn("id-web", self.run_cli("host", "show", given)[1])
        for verb, path in (("approve", "/approve"), ("refuse", "/refuse"), ("accept-firmware", "/accept-firmware"),
                           ("accept-rollback", "/accept-rollback")):
            self.server.seen.clear()
            self.assertEqual(self.run_cli("host", verb, "web")[0], 0)
            self.assertEqual(self.server.seen[-1][:2], ("POST", "/v1/hosts/id-web" + path))
            if verb != "refuse":  # what the server showed, or what the user saw
                self.assertEqual(json.loads(self.server.seen[-1][3]), {"evidence": "5e" * 32})
                self.assertEqual(self.run_cli("host", verb, "web", "--evidence", "ab" * 32)[0], 0)
                self.assertEqual(json.loads(self.server.seen[-1][3]), {"evidence": "ab" * 32})
        self.assertEqual(self.run_cli("host", "remove", "web")[0], 0)
        self.assertEqual(self.server.seen[-1][:2], ("DELETE", "/v1/hosts/id-web"))
        self.assertEqual(self.run_cli("host", "set", "web", "--maintenance", "on", "--group", "g")[0], 0)
        self.assertEqual(self.server.seen[-1][0], "PATCH")
        self.assertEqual(json.loads(self.server.seen[-1][3]), {"maintenance": True, "group": "g"})
        self.assertIn("no host", self.refused("host", "show", "we", status=2))

    def test_t63_a_name_given_by_the_user_reaches_no_other_path(self):
        self.server.reply = self.named
        for given in ("..", "../api-tokens", "id-web/approve", "x?y", "x#y", "%2e%2e", ".", "a\r\nb"):
            self.server.seen.clear()
            self.refused("host", "remove", given, status=2)
            for method, path, _, _ in self.server.seen:
                self.assertEqual(method, "GET")
                self.assertTrue(path.startswith("/v1/hosts?limit="), path)

    def test_two_hosts_of_one_name_are_not_guessed_between(self):
        self.server.reply = lambda m, p, q, b: (
            answer({"items": [host("web"), host("web")], "next": None}) if p == "/v1/hosts"
            else error(404, code="not-found", message="no"))
        self.assertIn("more than one", self.refused("host", "remove", "web", status=2))

    def attesting(self, verdict, answers=True):
        asked = []

        def reply(method, _path, _query, _body):
            if method == "POST":
                asked.append(1)
                return answer(host("web", last_verified="2030-01-01T00:00:00Z"), 202)
            if asked and answers:
                asked.append(1)
            return answer(host("web", verdict if len(asked) > 2 else "trusted", reason="Secure Boot was off",
                               last_verified=f"2030-01-01T00:00:0{2 if len(asked) > 2 else 0}Z"))
        return reply

    def test_attest_waits_for_the_new_verdict(self):
        self.server.reply = self.attesting("trusted")
        self.assertEqual(self.run_cli("attest", "id-web", "--wait")[0], 0)
        self.server.reply = self.attesting("failed")
        status, out, _ = self.run_cli("host", "attest", "id-web", "--wait")
        self.assertEqual((status, out), (1, "web: failed: Secure Boot was off\n"))
        self.server.reply = self.attesting("trusted", answers=False)
        self.refused("attest", "id-web", "--wait", "--timeout", "1s", status=1)

    def test_attest_without_wait_only_asks(self):
        self.server.reply = self.attesting("failed")
        self.assertEqual(self.run_cli("attest", "id-web")[0], 0)
        self.assertEqual(self.server.seen[-1][:2], ("POST", "/v1/hosts/id-web/attest"))

    # the rest

    def test_tokens_go_alone_to_standard_output(self):
        self.server.reply = lambda *_: answer({"id": "1", "token": "tb-secret", "expires": "later",
                                               "command": "trueboot-agent enrol"}, 201)
        status, out, err = self.run_cli("enrol-token", "--uses", "3", "--expires", "2h", "--group", "g")
        self.assertEqual((status, out), (0, "tb-secret\n"))
        self.assertIn("trueboot-agent enrol", err)
        self.assertEqual(json.loads(self.server.seen[-1][3]), {"uses": 3, "expires_s": 7200, "group": "g"})
        status, out, _ = self.run_cli("api-token", "create", "--role", "viewer")
        self.assertEqual((status, out), (0, "tb-secret\n"))

    def test_a_bundle_is_saved_as_it_came_or_not_at_all(self):
        self.server.reply = lambda m, p, q, b: (
            (200, "application/cbor", b"\xa1\x00\xff") if p.endswith("/bundle") else answer(host("web")))
        file = self.dir / "web.bundle"
        self.assertEqual(self.run_cli("export", "id-web", "-o", str(file))[0], 0)
        self.assertEqual(file.read_bytes(), b"\xa1\x00\xff")
        self.server.reply = lambda m, p, q, b: (
            error(404, code="not-found", message="no evidence yet") if p.endswith("/bundle")
            else answer(host("web")))
        self.refused("export", "id-web", "-o", str(self.dir / "other"))
        self.assertFalse((self.dir / "other").exists())

    def test_a_policy_is_checked_here_before_it_is_sent(self):
        file = self.dir / "policy.json"
        file.write_text('{"nonsense": 1}')
        self.refused("policy", "set", str(file), status=2)
        self.assertEqual(self.server.seen, [])
        file.write_text('{"format": 1, "name": "p"}')
        self.server.reply = lambda *_: answer({"version": 4, "name": "p"})
        self.assertIn("version 4", self.run_cli("policy", "set", str(file))[1])
        self.assertEqual((self.server.seen[-1][:2], self.server.seen[-1][3]), (("PUT", "/v1/policy"), b'{"format":1,"name":"p"}'))
        change = {"id": "1", "name": "web", "from": "trusted", "to": "failed", "reason": "r", "reason_code": "c"}
        self.server.reply = lambda *_: answer({"hosts": 9, "unchanged": 8, "would_change": [change]})
        status, out, _ = self.run_cli("policy", "try", str(file))
        self.assertEqual(status, 1)
        self.assertIn("1 of 9", out)

    def test_an_incident_is_acknowledged_until_a_time(self):
        self.server.reply = lambda *_: answer({"id": 7, "acknowledged_by": "me"})
        self.assertEqual(self.run_cli("incident", "acknowledge", "7", "--until", "4h", "--note", "n")[0], 0)
        sent = json.loads(self.server.seen[-1][3])
        self.assertRegex(sent["until"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_the_report_tells_its_limits(self):
        self.server.reply = lambda *_: answer({
            "made": "2030-01-01T00:00:00Z", "total": 2, "verdicts": {"failed": 1, "not-capable": 1},
            "limits": ["not the firmware's honesty"],
            "hosts": [host("a", "failed", reason="Secure Boot was off"), host("b", "not-capable")]})
        status, out, _ = self.run_cli("report")
        self.assertEqual(status, 0)
        for part in ("1 failed, 1 N/A", "Secure Boot was off", "not the firmware's honesty"):
            self.assertIn(part, out)


if __name__ == "__main__":
    unittest.main()
