#!/usr/bin/env python3
"""trueboot-server as a process: roles, schemas, limits, sessions, secrets, kill -9.

Attack ids: T-59, T-60, T-62, T-63, T-65, T-67, T-70.

usage: api_test.py TRUEBOOT_SERVER
"""
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)
ROLES = {
    "none": {"nobody", "viewer", "operator", "admin", "auditor", "agent"},
    "agent": {"agent"},
    "viewer": {"viewer", "operator", "admin", "auditor"},
    "operator": {"operator", "admin"},
    "admin": {"admin"},
    "auditor": {"auditor", "admin"},
}
HOSTILE = ["'; DROP TABLE host; --", '"quoted"', "100%s%n%d", "<script>alert(1)</script>",
           "../../etc/passwd", "a\tb", "line\nbreak", "=1+1", "\u202etxt", "$(reboot)`id`"]


# --- Deterministic CBOR, as much of it as the messages need ----------------------------------------

def head(major, n):
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


def encode(value):
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    return head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in sorted(value.items()))


def decode(data):
    def item(at):
        major, low = data[at] >> 5, data[at] & 31
        at += 1
        if low >= 24:
            size = 1 << (low - 24)
            low, at = int.from_bytes(data[at:at + size], "big"), at + size
        if major == 0:
            return low, at
        if major == 2:
            return data[at:at + low], at + low
        if major == 3:
            return data[at:at + low].decode(), at + low
        assert major == 5, major
        out = {}
        for _ in range(low):
            key, at = item(at)
            out[key], at = item(at)
        return out, at
    value, end = item(0)
    assert end == len(data)
    return value


# --- JSON Schema, as much of it as openapi.json uses -----------------------------------------------

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KNOWN = {"$ref", "type", "properties", "required", "additionalProperties", "unevaluatedProperties",
         "items", "enum", "anyOf", "allOf", "pattern", "format", "minimum", "maximum", "maxLength",
         "description"}


class Schemas:
    def __init__(self, api):
        self.api = api

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.api
            for part in schema["$ref"].lstrip("#/").split("/"):
                node = node[part]
            schema = node
        return schema

    def is_type(self, value, name):
        if name == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        if name == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, TYPES[name])

    def named(self, schema):
        """Members that this schema and those it is made of know."""
        schema = self.resolve(schema)
        names = set(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            names |= self.named(part)
        return names

    def errors(self, value, schema, at="$"):
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        if unknown:
            return [f"{at}: this test does not know {unknown}"]
        out = []
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(self.is_type(value, k) for k in kinds):
            return [f"{at}: {value!r} is no {kinds}"]
        if "enum" in schema and value not in schema["enum"]:
            out.append(f"{at}: {value!r} is not in {schema['enum']}")
        for part in schema.get("allOf", []):
            out += self.errors(value, part, at)
        if "anyOf" in schema and not any(not self.errors(value, s, at) for s in schema["anyOf"]):
            out.append(f"{at}: nothing of anyOf fits: " +
                       "; ".join(e for s in schema["anyOf"] for e in self.errors(value, s, at)))
        if isinstance(value, str):
            out += self.text_errors(value, schema, at)
        if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get(
                "maximum", value):
            out.append(f"{at}: {value} is out of range")
        if isinstance(value, list) and "items" in schema:
            for i, v in enumerate(value):
                out += self.errors(v, schema["items"], f"{at}[{i}]")
        if isinstance(value, dict):
            out += self.object_errors(value, schema, at)
        return out

    def text_errors(self, value, schema, at):
        out = []
        if "pattern" in schema and not re.search(schema["pattern"], value):
            out.append(f"{at}: {value!r} does not match")
        if len(value) > schema.get("maxLength", len(value)):
            out.append(f"{at}: too long")
        if schema.get("format") == "date-time" and not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
            out.append(f"{at}: {value!r} is no UTC time")
        return out

    def object_errors(self, value, schema, at):
        out = [f"{at}: {name} is missing" for name in schema.get("required", [])
               if name not in value]
        known = schema.get("properties", {})
        for name, member in value.items():
            if name in known:
                out += self.errors(member, known[name], f"{at}.{name}")
                continue
            more = schema.get("additionalProperties", True)
            if more is False or (schema.get("unevaluatedProperties", True) is False
                                 and name not in self.named(schema)):
                out.append(f"{at}: {name} is not described")
            elif isinstance(more, dict):
                out += self.errors(member, more, f"{at}.{name}")
        return out


# --- The server --------------------------------------------------------------------------------------

class Server:
    """One process; the state directory may outlive it."""

    def __init__(self, state, options=("--listen", "127.0.0.1:0")):
        self.state = pathlib.Path(state)
        self.process = subprocess.Popen([PROGRAM, "run", "--state", str(state), *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.out = []
        self.admin = None
        for line in self.process.stdout:
            self.out.append(line)
            found = re.search(r"#key=([0-9a-f]{64})", line)
            if found:
                self.admin, self.link = found.group(1), line.split()[1]
            found = re.search(r"serving on https://localhost:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        else:
            raise RuntimeError(self.process.stderr.read())
        self.tls = ssl.create_default_context(cafile=str(self.state / "ca.crt"))

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=20)

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        rest, errors = self.process.communicate(timeout=20)
        return "".join(self.out) + rest, errors


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.type = (response.getheader("Content-Type") or "").split(";")[0]
        self.body = b"" if self.type == "text/event-stream" else response.read()
        self.json = json.loads(self.body) if self.type == "application/json" else None

    @property
    def code(self):
        return self.json["error"]["code"] if self.json and "error" in self.json else ""


class World:
    pass


W = World()


def setUpModule():
    W.dir = tempfile.mkdtemp(prefix="trueboot-api-")
    W.server = Server(W.dir + "/state")
    W.connection = W.server.connect()
    W.secrets = []
    W.token = {"admin": W.server.admin}
    W.api = ask("GET", "/v1/openapi.json", check=False).json
    W.schemas = Schemas(W.api)
    for role in ("viewer", "operator", "auditor"):
        made = ask("POST", "/v1/api-tokens", {"label": role, "role": role}, "admin")
        assert made.status == 201, made.body
        W.token[role] = made.json["token"]
    W.host, W.token["agent"] = enrol("plain-host")
    W.other, W.other_token = enrol("other-host")


def tearDownModule():
    W.connection.close()
    if W.server.process.poll() is None:
        W.server.stop()
    shutil.rmtree(W.dir)


def template_of(method, path):
    path = path.split("?")[0]
    for template, operations in W.api["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            best = operations[method.lower()]
            if template == path or "{" in template:
                if template == path:
                    return best
                found = best
    return found


def ask(method, path, body=None, who=None, headers=None, check=True, server=None, token=None):
    """One request; a JSON answer must fit its schema."""
    headers = dict(headers or {})
    if who and who != "nobody":
        token = W.token[who]
    if token:
        headers["Authorization"] = "Bearer " + token
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    elif body is not None:
        headers.setdefault("Content-Type", "application/cbor")
    connection = W.connection if server is None else server.connect()
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    reply = Reply(response)
    if reply.type == "text/event-stream":
        response.close()
        connection.close()
    if server is not None:
        connection.close()
    if check and path != "/" and not path.startswith("/ui/"):
        check_reply(method, path, reply)
    return reply


def check_reply(method, path, reply):
    operation = template_of(method, path)
    described = operation["responses"].get(str(reply.status), operation["responses"]["default"])
    content = described.get("content")
    if content is None:
        assert reply.body == b"", (method, path, reply.body)
        return
    assert reply.type in content, (method, path, reply.status, reply.type)
    if reply.json is not None:
        errors = W.schemas.errors(reply.json, content["application/json"]["schema"])
        assert not errors, (method, path, reply.status, errors)


def enrol(name, tpm=0, token=None, facts=None):
    """A host without TPM 2.0, active."""
    if token is None:
        token = ask("POST", "/v1/enrolment-tokens", {"group": "rack"}, "operator").json["token"]
        W.secrets.append(token)
    request = {1: 1, 3: name, 4: tpm, 11: 0, **(facts or {})}
    if token:
        request[2] = token
    offer = ask("POST", "/v1/agent/enrol", encode(request))
    assert offer.status == 200, offer.body
    reply = ask("POST", "/v1/agent/activate", encode({1: 1, 2: decode(offer.body)[2]}))
    assert reply.status == 200, reply.body
    reply = decode(reply.body)
    W.secrets.append(reply[4].hex())
    return reply[3], reply[4].hex()


def seen(host):
    """What stands for the host as it is now."""
    return ask("GET", "/v1/hosts/" + host, who="viewer").json["evidence"]


# --- Roles -------------------------------------------------------------------------------------------

class Roles(unittest.TestCase):
    def test_t59_exactly_the_stated_role_passes_every_operation(self):
        n = 0
        for template, operations in W.api["paths"].items():
            for method, operation in operations.items():
                for who in ("nobody", "agent", "viewer", "operator", "admin", "auditor"):
                    with self.subTest(operation=operation["operationId"], who=who):
                        self.one(method.upper(), template, operation, who)
                        n += 1
        self.assertGreater(n, 200)

    def one(self, method, template, operation, who):
        path = re.sub(r"\{\w+\}", "none-such", template)
        body, headers = None, {}
        if "requestBody" in operation:
            kind = next(iter(operation["requestBody"]["content"]))
            body, headers = b"[]", {"Content-Type": kind}  # refused by every handler that sees it
        reply = ask(method, path, body, who, headers)
        if operation["operationId"] == "events" and reply.status == 200:
            W.connection.close()
        if who in ROLES[operation["x-role"]]:
            self.assertNotIn(reply.code, ("unauthenticated", "forbidden"))
        elif who == "nobody" or operation["x-role"] == "agent":
            self.assertEqual((reply.status, reply.code), (401, "unauthenticated"))
        else:
            self.assertEqual((reply.status, reply.code), (403, "forbidden"))

    def test_t60_a_host_reaches_no_other_host(self):
        for path, body in (("challenge", {1: 1, 2: W.other, 3: 0}), ("wait", {1: 1, 2: W.other}),
                           ("evidence", {1: 1, 2: W.other, 3: bytes(32), 4: b"q", 5: b"s",
                                         6: b"c"})):
            with self.subTest(path=path):
                reply = ask("POST", "/v1/agent/" + path, encode(body), "agent")
                self.assertEqual((reply.status, reply.code), (403, "other-host"))
        before = ask("GET", "/v1/hosts/" + W.other, who="viewer").json["last_seen"]
        reply = ask("POST", "/v1/agent/challenge", encode({1: 1, 2: W.host, 3: 0}), "agent")
        self.assertEqual(reply.status, 204)
        self.assertEqual(ask("GET", "/v1/hosts/" + W.other, who="viewer").json["last_seen"], before)

    def test_credentials_that_are_none_are_refused(self):
        for bad in ("", "0" * 64, W.token["admin"].upper(), W.token["admin"][:-1],
                    W.token["admin"] + "0"):
            reply = ask("GET", "/v1/hosts", headers={"Authorization": "Bearer " + bad})
            self.assertEqual(reply.status, 401)
        reply = ask("GET", "/v1/hosts", headers={"Authorization": "Basic " + W.token["admin"]})
        self.assertEqual(reply.status, 401)

    def test_a_revoked_key_serves_no_longer_and_neither_do_its_sessions(self):
        made = ask("POST", "/v1/api-tokens", {"label": "short", "role": "viewer"}, "admin").json
        signed = ask("POST", "/v1/session", {"key": made["token"]})
        cookie = signed.headers["Set-Cookie"].split(";")[0]
        self.assertEqual(ask("GET", "/v1/whoami", headers={"Cookie": cookie}).status, 200)
        self.assertEqual(ask("DELETE", "/v1/api-tokens/" + made["id"], who="admin").status, 204)
        self.assertEqual(ask("GET", "/v1/whoami", headers={"Cookie": cookie}).status, 401)
        self.assertEqual(ask("GET", "/v1/whoami", token=made["token"]).status, 401)

    def test_no_role_can_be_made_that_is_none(self):
        for role in ("agent", "root", "", "Admin"):
            reply = ask("POST", "/v1/api-tokens", {"label": "x", "role": role}, "admin")
            self.assertEqual((reply.status, reply.code), (400, "bad-role"))


# --- The browser ---------------------------------------------------------------------------------------

class Browser(unittest.TestCase):
    def sign_in(self):
        reply = ask("POST", "/v1/session", {"key": W.token["operator"]})
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json["role"], "operator")
        return reply.headers["Set-Cookie"]

    def test_a_session_begins_with_a_key_and_ends_with_signing_out(self):
        cookie = self.sign_in()
        for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(attribute, cookie)
        self.assertNotIn(W.token["operator"], cookie)
        header = {"Cookie": cookie.split(";")[0]}
        self.assertEqual(ask("GET", "/v1/whoami", headers=header).json["role"], "operator")
        gone = ask("DELETE", "/v1/session", headers=header)
        self.assertEqual(gone.status, 204)
        self.assertIn("Max-Age=0", gone.headers["Set-Cookie"])
        self.assertEqual(ask("GET", "/v1/whoami", headers=header).status, 401)

    def test_a_wrong_key_begins_no_session(self):
        reply = ask("POST", "/v1/session", {"key": "0" * 64})
        self.assertEqual((reply.status, reply.code), (401, "bad-key"))
        self.assertNotIn("Set-Cookie", reply.headers)

    def test_a_request_from_another_site_has_no_session(self):
        header = {"Cookie": self.sign_in().split(";")[0]}
        for site in ("cross-site", "same-site"):
            header["Sec-Fetch-Site"] = site
            self.assertEqual(ask("GET", "/v1/whoami", headers=header).status, 401)
            self.assertEqual(ask("POST", "/v1/enrolment-tokens", {}, headers=header).status, 401)
            reply = ask("POST", "/v1/session", {"key": W.token["operator"]},
                        headers={"Sec-Fetch-Site": site})
            self.assertEqual((reply.status, reply.code), (403, "other-site"))
        header["Sec-Fetch-Site"] = "same-origin"
        self.assertEqual(ask("GET", "/v1/whoami", headers=header).status, 200)

    def test_a_form_of_another_page_cannot_post(self):
        header = {"Cookie": self.sign_in().split(";")[0], "Content-Type": "text/plain"}
        reply = ask("POST", "/v1/enrolment-tokens", b"{}", headers=header)
        self.assertEqual(reply.status, 415)

    def test_the_page_has_a_policy_and_an_etag(self):
        page = ask("GET", "/")
        self.assertEqual((page.status, page.type), (200, "text/html"))
        policy = page.headers["Content-Security-Policy"]
        self.assertNotIn("unsafe", policy)
        self.assertIn("default-src 'none'", policy + " default-src 'none'" * ("'self'" in policy))
        self.assertEqual(page.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("max-age", page.headers["Strict-Transport-Security"])
        again = ask("GET", "/", headers={"If-None-Match": page.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(ask("GET", "/ui/none-such.js").status, 404)

    def test_a_change_of_a_host_is_told_at_once(self):
        stream = W.server.connect()
        stream.request("GET", "/v1/events", headers={"Authorization": "Bearer " +
                                                     W.token["viewer"]})
        response = stream.getresponse()
        self.assertEqual(response.getheader("Content-Type").split(";")[0], "text/event-stream")
        events = iter(response.fp.readline, b"")
        while b"hello" not in next(events):
            pass
        ask("PATCH", "/v1/hosts/" + W.host, {"maintenance": True}, "operator")
        lines = []
        while not (lines and lines[-1] == b"\n" and b"event: host\n" in lines):
            lines.append(next(events))
        self.assertIn(W.host.encode(), b"".join(lines))
        ask("PATCH", "/v1/hosts/" + W.host, {"maintenance": False}, "operator")
        response.close()
        stream.close()


# --- What the operations answer ------------------------------------------------------------------------

class Operations(unittest.TestCase):
    def test_every_list_and_view_fits_its_schema(self):
        for path in ("/healthz", "/v1/summary", "/v1/report", "/v1/findings", "/v1/hosts",
                     "/v1/hosts?limit=1", "/v1/hosts?verdict=not-capable&group=rack&q=host"
                     "&sort=since&order=desc", "/v1/hosts/" + W.host, "/v1/hosts/plain-host",
                     "/v1/hosts/" + W.host + "/history", "/v1/incidents",
                     "/v1/incidents?open=true&limit=3", "/v1/policy", "/v1/policy/versions",
                     "/v1/enrolment-tokens", "/v1/ek-allow", "/v1/audit", "/v1/api-tokens"):
            with self.subTest(path=path):
                reply = ask("GET", path, who="admin")
                self.assertEqual(reply.status, 200, reply.body)

    def test_hosts_come_in_pages_that_join(self):
        for i in range(3):
            enrol(f"page-{i}")
        whole = ask("GET", "/v1/hosts", who="viewer").json
        names, cursor = [], ""
        while cursor is not None:
            page = ask("GET", "/v1/hosts?limit=2" + ("&cursor=" + cursor if cursor else ""),
                       who="viewer").json
            names += [h["name"] for h in page["items"]]
            cursor = page["next"]
        self.assertEqual(names, [h["name"] for h in whole["items"]])
        self.assertEqual(whole["total"], len(names))

    def test_a_host_without_tpm_is_not_capable_and_says_why(self):
        host = ask("GET", "/v1/hosts/" + W.host, who="viewer").json
        self.assertEqual((host["verdict"], host["tpm_version"]), ("not-capable", "none"))
        self.assertIn("TPM 2.0 is needed", host["reason"])
        host, _ = enrol("old-host", tpm=1)
        self.assertEqual(ask("GET", "/v1/hosts/" + host, who="viewer").json["tpm_version"], "1.2")

    def test_a_host_waits_is_approved_renamed_and_removed(self):
        host, token = enrol("waiting", token="")
        self.assertEqual(ask("GET", "/v1/hosts/" + host, who="viewer").json["state"], "pending")
        challenge = encode({1: 1, 2: host, 3: 0})
        reply = ask("POST", "/v1/agent/challenge", challenge, token=token)
        self.assertEqual((reply.status, reply.code), (403, "pending"))
        self.assertTrue(int(reply.headers["Retry-After"]) > 0)
        path = f"/v1/hosts/{host}/approve"
        self.assertEqual(ask("POST", path, {}, "operator").status, 400)
        self.assertEqual(ask("POST", path, {"evidence": "00"}, "operator").code, "bad-evidence")
        reply = ask("POST", path, {"evidence": "00" * 32}, "operator")
        self.assertEqual((reply.status, reply.code), (409, "other-evidence"))
        self.assertEqual(ask("GET", "/v1/hosts/" + host, who="viewer").json["state"], "pending")
        reply = ask("POST", path, {"evidence": seen(host)}, "operator")
        self.assertEqual((reply.status, reply.json["state"]), (200, "active"))
        self.assertEqual(reply.json["approved_by"], "operator")
        self.assertEqual(ask("POST", "/v1/agent/challenge", challenge, token=token).status, 204)
        reply = ask("PATCH", "/v1/hosts/" + host, {"name": "renamed", "group": "g"}, "operator")
        self.assertEqual((reply.json["name"], reply.json["group"]), ("renamed", "g"))
        reply = ask("PATCH", "/v1/hosts/" + host, {"name": "plain-host"}, "operator")
        self.assertEqual((reply.status, reply.code), (409, "conflict"))
        self.assertEqual(ask("DELETE", "/v1/hosts/" + host, who="admin").status, 204)
        self.assertEqual(ask("POST", "/v1/agent/challenge", challenge, token=token).status, 401)
        actions = [e["action"] for e in ask("GET", "/v1/audit", who="auditor").json["items"]]
        for action in ("host.approve", "host.remove"):
            self.assertIn(action, actions)

    def test_a_host_without_a_trusted_boot_has_nothing_to_compare_with(self):
        path = f"/v1/hosts/{W.host}/diff"
        self.assertEqual(ask("GET", path, who="viewer").code, "no-trusted-boot")
        periods = ask("GET", f"/v1/hosts/{W.host}/history", who="viewer").json["items"]
        self.assertFalse(periods[0]["log_held"])
        same = f"?from={periods[0]['id']}&to={periods[0]['id']}"
        self.assertEqual(ask("GET", path + same, who="viewer").code, "no-log")
        self.assertEqual(ask("GET", path + "?from=999999999", who="viewer").code, "no-such-period")
        other = ask("GET", f"/v1/hosts/{W.other}/history", who="viewer").json["items"][0]["id"]
        self.assertEqual(ask("GET", f"{path}?from={other}", who="viewer").code, "no-such-period")
        for bad in ("?from=-1", "?to=x", "?from=9223372036854775807", "?since=1"):
            self.assertEqual(ask("GET", path + bad, who="viewer").status, 400)
        self.assertIsNone(ask("GET", "/v1/hosts/" + W.host, who="viewer").json["changed_since"])

    def test_without_evidence_there_are_no_clusters(self):
        reply = ask("GET", "/v1/clusters", who="viewer").json
        self.assertEqual((reply["items"], reply["clusters"], reply["hosts"]), ([], 0, 0))
        self.assertEqual(reply["shape_pcrs"], [0, 2, 4, 7, 11, 12, 13, 14])
        shape = "0" * 64
        path = f"/v1/clusters/{shape}/diff?to="
        self.assertEqual(ask("GET", path + shape, who="viewer").code, "no-such-shape")
        for bad in (path + "00", path + "G" * 64, f"/v1/clusters/{shape}/diff",
                    f"/v1/clusters/xyz/diff?to={shape}"):
            self.assertIn(ask("GET", bad, who="viewer").status, (400, 404))
        self.assertEqual(ask("GET", "/v1/clusters?limit=201", who="viewer").status, 400)
        self.assertEqual(ask("GET", "/v1/hosts?shape=" + shape, who="viewer").json["total"], 0)
        self.assertEqual(ask("GET", "/v1/hosts?shape=0", who="viewer").code, "bad-shape")

    def test_the_audit_log_names_the_key_by_its_id(self):
        made = ask("POST", "/v1/api-tokens", {"label": "twice", "role": "operator"}, "admin").json
        ask("POST", f"/v1/hosts/{W.host}/attest", token=made["token"])
        entry = ask("GET", "/v1/audit?limit=1", who="auditor").json["items"][0]
        self.assertEqual((entry["action"], entry["actor"]), ("host.attest", "twice"))
        self.assertEqual(entry["actor_id"], made["id"])
        self.assertEqual(ask("DELETE", "/v1/api-tokens/" + made["id"], who="admin").status, 204)
        again = ask("POST", "/v1/api-tokens", {"label": "twice", "role": "operator"}, "admin").json
        ask("POST", f"/v1/hosts/{W.host}/attest", token=again["token"])
        entry = ask("GET", "/v1/audit?limit=1", who="auditor").json["items"][0]
        self.assertEqual((entry["actor"], entry["actor_id"]), ("twice", again["id"]))
        self.assertNotEqual(made["id"], again["id"])

    def test_a_refused_host_is_told_so(self):
        host, token = enrol("unwanted", token="")
        self.assertEqual(ask("POST", f"/v1/hosts/{host}/refuse", who="operator").status, 200)
        reply = ask("POST", "/v1/agent/challenge", encode({1: 1, 2: host, 3: 0}), token=token)
        self.assertEqual((reply.status, reply.code), (403, "refused"))

    def test_a_wish_to_attest_wakes_the_long_poll(self):
        host, token = enrol("sleeper")
        answers = []

        def wait():
            answers.append(ask("POST", "/v1/agent/wait", encode({1: 1, 2: host}), token=token,
                               server=W.server))
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.5)
        self.assertEqual(answers, [])
        self.assertEqual(ask("POST", f"/v1/hosts/{host}/attest", who="operator").status, 202)
        thread.join(10)
        self.assertEqual(decode(answers[0].body), {1: 1, 2: 1})

    def test_an_enrolment_token_is_made_shown_once_listed_and_revoked(self):
        made = ask("POST", "/v1/enrolment-tokens", {"label": "l", "group": "g", "uses": 3,
                                                    "expires_s": 60}, "operator").json
        pin = re.search(r"pin: ([0-9a-f]{64})", "".join(W.server.out)).group(1)
        self.assertEqual(made["command"], "trueboot-agent enrol --server https://localhost:"
                         f"{W.server.port} --pin {pin} --token {made['token']}")
        listed = ask("GET", "/v1/enrolment-tokens", who="operator")
        self.assertNotIn(made["token"].encode(), listed.body)
        entry = next(t for t in listed.json["items"] if t["id"] == made["id"])
        self.assertEqual((entry["uses_left"], entry["group"]), (3, "g"))
        gone = ask("DELETE", "/v1/enrolment-tokens/" + made["id"], who="operator")
        self.assertEqual(gone.status, 204)
        offer = decode(ask("POST", "/v1/agent/enrol", encode({1: 1, 2: made["token"], 3: "late",
                                                              4: 0, 11: 0})).body)
        reply = ask("POST", "/v1/agent/activate", encode({1: 1, 2: offer[2]}))
        self.assertEqual((reply.status, reply.code), (403, "token-expired"))

    def test_an_endorsement_key_is_allowed_and_taken_off_the_list(self):
        digest = "ab" * 32
        reply = ask("POST", "/v1/ek-allow", {"ek_digest": digest, "note": "n"}, "operator")
        self.assertEqual(reply.status, 201)
        self.assertEqual(ask("POST", "/v1/ek-allow", {"ek_digest": digest}, "operator").status, 409)
        self.assertEqual(ask("DELETE", "/v1/ek-allow/" + digest, who="operator").status, 204)
        self.assertEqual(ask("DELETE", "/v1/ek-allow/" + digest, who="operator").status, 404)
        for bad in ("AB" * 32, "ab" * 31, "zz" * 32):
            reply = ask("POST", "/v1/ek-allow", {"ek_digest": bad}, "operator")
            self.assertEqual((reply.status, reply.code), (400, "bad-digest"))

    def test_a_policy_is_set_versioned_and_tried(self):
        before = ask("GET", "/v1/policy", who="viewer").json
        policy = {"format": 1, "name": "site", "interval_s": 120}
        reply = ask("PUT", "/v1/policy", policy, "admin")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["name"], "site")
        now = ask("GET", "/v1/policy", who="viewer").json
        self.assertNotEqual(now["digest"], before["digest"])
        self.assertEqual(now["digest"], reply.json["digest"])
        self.assertEqual(now["policy"]["interval_s"], 120)
        versions = ask("GET", "/v1/policy/versions", who="viewer").json["items"]
        self.assertEqual(versions[0]["digest"], now["digest"])
        self.assertEqual(versions[0]["name"], "site")
        self.assertEqual(ask("POST", "/v1/policy/try", policy, "operator").status, 200)
        policy["dbx"] = [f"{i:064x}" for i in range(1024)]  # as many as there may be
        self.assertEqual(ask("POST", "/v1/policy/try", policy, "operator").status, 200)
        for bad in ({"format": 1, "name": "x", "unknown": 1}, {"format": 2, "name": "x"}, {}):
            reply = ask("PUT", "/v1/policy", bad, "admin")
            self.assertEqual((reply.status, reply.code), (400, "bad-policy"))
        self.assertEqual(ask("GET", "/v1/policy", who="viewer").json["digest"], now["digest"])

    def test_a_new_policy_wakes_every_host_that_waits(self):
        host, token = enrol("watcher")
        answers = []

        def wait():
            answers.append(ask("POST", "/v1/agent/wait", encode({1: 1, 2: host}), token=token,
                               server=W.server))
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.5)
        self.assertEqual(answers, [])
        policy = {"format": 1, "name": "tightened", "interval_s": 120}
        self.assertEqual(ask("PUT", "/v1/policy", policy, "admin").status, 200)
        thread.join(10)
        self.assertEqual(decode(answers[0].body), {1: 1, 2: 1})

    def test_a_wish_that_came_before_the_long_poll_ends_it_at_once(self):
        host, token = enrol("late-sleeper")
        self.assertEqual(ask("POST", f"/v1/hosts/{host}/attest", who="operator").status, 202)
        begun = time.monotonic()
        reply = ask("POST", "/v1/agent/wait", encode({1: 1, 2: host}), token=token)
        self.assertEqual(decode(reply.body), {1: 1, 2: 1})
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_duplicate_is_an_incident_that_can_be_acknowledged(self):
        enrol("twin")
        offer = decode(ask("POST", "/v1/agent/enrol", encode({1: 1, 3: "twin", 4: 0, 11: 0})).body)
        reply = ask("POST", "/v1/agent/activate", encode({1: 1, 2: offer[2]}))
        self.assertEqual((reply.status, reply.code), (409, "identity.duplicate"))
        incident = ask("GET", "/v1/incidents?open=true", who="viewer").json["items"][0]
        self.assertEqual((incident["code"], incident["host"]), ("identity.duplicate", "twin"))
        path = f"/v1/incidents/{incident['id']}/acknowledge"
        reply = ask("POST", path, {"note": "known", "until": "2030-01-02T03:04:05Z"}, "operator")
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual((reply.json["acknowledged_by"], reply.json["note"]), ("operator", "known"))
        self.assertEqual(reply.json["acknowledged_until"], "2030-01-02T03:04:05.000Z")
        self.assertEqual(ask("POST", path, {"until": "tomorrow"}, "operator").status, 400)
        self.assertEqual(ask("POST", "/v1/incidents/999999/acknowledge", {}, "operator").status,
                         404)

    def test_metrics_are_in_the_text_format(self):
        reply = ask("GET", "/metrics", who="viewer")
        seen = set()
        for line in reply.body.decode().splitlines():
            if line.startswith("# TYPE "):
                seen.add(line.split()[2])
            elif not line.startswith("#"):
                found = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"]*"\})? (\d+)', line)
                self.assertIsNotNone(found, line)
                self.assertIn(found.group(1), seen)
        self.assertIn("trueboot_hosts", seen)
        self.assertIn("trueboot_http_requests_total", seen)

    def test_a_path_that_is_none_and_a_method_that_is_none_are_told_apart(self):
        reply = ask("GET", "/v1/none", who="admin", check=False)
        self.assertEqual((reply.status, reply.code), (404, "not-found"))
        reply = ask("DELETE", "/v1/hosts", who="admin", check=False)
        self.assertEqual((reply.status, reply.code), (405, "bad-method"))
        self.assertIn("GET", reply.headers["Allow"])


# --- Limits and hostile input --------------------------------------------------------------------------

def bomb(mebibytes):
    """A zstd frame of run-length blocks: four bytes for each 128 KiB (RFC 8878, 3.1.1.2)."""
    size, out = 128 * 1024, b"\x28\xb5\x2f\xfd\x00\x38"
    for i in range(8 * mebibytes):
        out += (size << 3 | 1 << 1 | (i == 8 * mebibytes - 1)).to_bytes(3, "little") + b" "
    return out


class Hostile(unittest.TestCase):
    def test_t62_a_body_beyond_its_limit_is_refused_before_it_is_read(self):
        for path, size in (("/v1/session", 1025), ("/v1/agent/enrol", 65537)):
            connection = W.server.connect()
            connection.putrequest("POST", path)
            connection.putheader("Content-Type", "application/json" if "session" in path
                                 else "application/cbor")
            connection.putheader("Content-Length", str(size))
            connection.endheaders()
            self.assertEqual(Reply(connection.getresponse()).code, "body-too-large")
            connection.close()

    def test_t62_a_small_body_that_grows_when_unpacked_is_refused(self):
        data = bomb(64)
        self.assertLess(len(data), 4096)
        reply = ask("POST", "/v1/agent/enrol", data, headers={"Content-Encoding": "zstd"})
        self.assertEqual(reply.status, 413)
        W.connection.close()

    def test_t62_headers_and_targets_are_bounded(self):
        for headers, path in (({"X-Long": "a" * 20000}, "/healthz"),
                              ({f"X-{i}": "a" for i in range(70)}, "/healthz"),
                              ({}, "/v1/hosts?q=" + "a" * 5000)):
            connection = W.server.connect()
            connection.request("GET", path, headers=headers)
            self.assertIn(connection.getresponse().status, (414, 431))
            connection.close()

    def test_t62_deep_nesting_is_refused(self):
        deep = '{"label":' + "[" * 30000 + "]" * 30000 + "}"
        reply = ask("POST", "/v1/enrolment-tokens", deep.encode(), "operator",
                    {"Content-Type": "application/json"})
        self.assertEqual((reply.status, reply.code), (400, "bad-json"))
        reply = ask("POST", "/v1/agent/enrol", b"\x81" * 60000)
        self.assertEqual((reply.status, reply.code), (400, "evidence.format"))

    def test_t63_labels_and_groups_are_only_text(self):
        for text in HOSTILE:
            with self.subTest(text=text):
                made = ask("POST", "/v1/enrolment-tokens", {"label": text, "group": text},
                           "operator")
                self.assertEqual(made.status, 201, made.body)
                listed = ask("GET", "/v1/enrolment-tokens", who="operator").json["items"]
                entry = next(t for t in listed if t["id"] == made.json["id"])
                self.assertEqual((entry["label"], entry["group"]), (text, text))
                reply = ask("PATCH", "/v1/hosts/" + W.other, {"group": text}, "operator")
                self.assertEqual(reply.json["group"], text)
        ask("PATCH", "/v1/hosts/" + W.other, {"group": ""}, "operator")

    def test_t63_a_nul_or_broken_utf8_is_refused(self):
        for body in (b'{"label":"a\\u0000b"}', b'{"label":"\xff\xfe"}', b'{"label":"\xed\xa0\x80"}'):
            reply = ask("POST", "/v1/enrolment-tokens", body, "operator",
                        {"Content-Type": "application/json"})
            self.assertEqual(reply.status, 400, reply.body)
        for path in ("/v1/hosts/a%00b", "/v1/hosts?q=a%00b", "/v1/hosts/%ff", "/v1/hosts?q=%ff",
                     "/v1/hosts/a%0ab"):
            reply = ask("GET", path, who="viewer")
            self.assertEqual(reply.status, 400, (path, reply.body))

    def test_t63_queries_find_text_and_not_patterns(self):
        for q in ("%25", "_", "%27%20OR%201%3D1%20--", "%2A", "%22", "%5C"):
            reply = ask("GET", "/v1/hosts?q=" + q, who="viewer")
            self.assertEqual((reply.status, reply.json["items"]), (200, []), q)
        for query in ("limit=0", "limit=501", "limit=-1", "limit=1e3", "limit=", "cursor=%27",
                      "sort=id", "order=up", "verdict=good", "verdict=", "unknown=1",
                      "limit=1&limit=2"):
            reply = ask("GET", "/v1/hosts?" + query, who="viewer")
            self.assertEqual(reply.status, 400, (query, reply.body))

    def test_t63_names_of_hosts_are_host_names(self):
        for name in HOSTILE + ["a b", "", ".", "..", "-a", "a" * 254, "h\u00f6st"]:
            reply = ask("POST", "/v1/agent/enrol", encode({1: 1, 3: name, 4: 0, 11: 0}))
            self.assertEqual((reply.status, reply.code[:9]), (400, "evidence."), name)
            reply = ask("PATCH", "/v1/hosts/" + W.other, {"name": name}, "operator")
            self.assertEqual(reply.status, 400, name)

    def test_t63_what_a_host_says_of_itself_comes_out_as_it_went_in(self):
        for i, text in enumerate(t for t in HOSTILE if t.isprintable()):
            host, _ = enrol(f"talker-{i}", facts={13: text, 14: text, 17: text[:32]})
            shown = ask("GET", "/v1/hosts/" + host, who="viewer").json
            self.assertEqual((shown["product"], shown["serial"]), (text, text))

    def test_t22_replacing_a_tpm_is_tied_to_the_token_that_the_answer_names(self):
        host, _ = enrol("swapped")
        reply = ask("POST", f"/v1/hosts/{host}/replace-tpm", None, "operator")
        self.assertEqual(reply.status, 200)
        W.secrets.append(reply.json["token"])
        with sqlite3.connect(W.server.state / "trueboot.db") as db:
            (tied,) = db.execute("SELECT replace_token FROM host WHERE id = ?", (host,)).fetchone()
        self.assertEqual(tied, hashlib.sha256(reply.json["token"].encode()).digest())

    def test_bodies_that_are_not_what_they_must_be_are_named(self):
        for body, code in ((b"", "length-required"), (b"[]", "bad-json"), (b"{", "bad-json"),
                           (b'{"uses":1,"uses":2}', "bad-json"), (b'{"uses":1}{', "bad-json"),
                           (b'{"uses":"1"}', "bad-field"), (b'{"uses":0}', "bad-field"),
                           (b'{"uses":1.5}', "bad-field"), (b'{"more":1}', "bad-field"),
                           (b'{"label":1}', "bad-field")):
            reply = ask("POST", "/v1/enrolment-tokens", body, "operator",
                        {"Content-Type": "application/json"})
            if body:
                self.assertEqual((reply.status, reply.code), (400, code), body)
            else:
                self.assertIn(reply.status, (400, 411))

    def test_messages_of_agents_have_one_encoding(self):
        good = encode({1: 1, 3: "strict", 4: 0, 11: 0})
        for bad in (good + b"\0", good[:-1], b"\xbf" + good[1:] + b"\xff", b"",
                    good.replace(b"\x04\x00", b"\x04\x18\x00"), encode({1: 2, 3: "x", 4: 0, 11: 0}),
                    encode({1: 1, 3: "x", 4: 0, 11: 0, 99: 1}), encode({1: 1, 3: "x", 4: 2, 11: 0})):
            reply = ask("POST", "/v1/agent/enrol", bad)
            self.assertEqual((reply.status, reply.code[:9]), (400, "evidence."), bad)


# --- Secrets and crashes ---------------------------------------------------------------------------------

class Process(unittest.TestCase):
    def test_a_lost_administrator_gets_in_again_while_the_server_runs(self):
        done = subprocess.run([PROGRAM, "admin", "--state", str(W.server.state)],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        key = re.fullmatch(r"administrator: https://localhost:\d+/#key=([0-9a-f]{64})\n",
                           done.stdout).group(1)
        W.token["second admin"] = key
        self.assertEqual(ask("GET", "/v1/whoami", None, "second admin").json["role"], "admin")

    def test_a_backup_taken_while_the_server_runs_serves_the_same_hosts(self):
        with tempfile.TemporaryDirectory() as d:
            copy = d + "/state"
            shutil.copytree(W.server.state, copy, ignore=shutil.ignore_patterns("trueboot.db*"))
            command = [PROGRAM, "backup", "--state", str(W.server.state), "--to",
                       copy + "/trueboot.db"]
            self.assertEqual(subprocess.run(command, timeout=60).returncode, 0)
            again = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(again.returncode, 1)
            self.assertIn("is there already", again.stderr)
            settings = pathlib.Path(copy + "/server.json")
            settings.write_text(re.sub(r'"port": *\d+', '"port": 0', settings.read_text()))
            server = Server(copy)
            try:
                connection = server.connect()
                connection.request("GET", "/v1/hosts/plain-host",
                                   headers={"Authorization": "Bearer " + W.token["admin"]})
                self.assertEqual(json.loads(connection.getresponse().read())["id"], W.host)
                connection.close()
            finally:
                server.stop()

    def test_admin_and_backup_need_a_state_directory(self):
        for command in (["admin"], ["backup", "--to", "/nonexistent/copy"]):
            done = subprocess.run([PROGRAM, *command, "--state", "/nonexistent"],
                                  capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no state directory", done.stderr)
        done = subprocess.run([PROGRAM, "backup"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--to", done.stderr)

    def test_t65_no_core_file_can_hold_a_key(self):
        limits = pathlib.Path(f"/proc/{W.server.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")

    def test_t65_tokens_are_stored_as_digests_only(self):
        enrol("secretive")
        plain = [W.token[w] for w in W.token] + [W.other_token] + W.secrets
        plain.append(ask("POST", "/v1/session", {"key": W.token["viewer"]}).headers["Set-Cookie"]
                     .split("=")[1].split(";")[0])
        files = [p for p in W.server.state.iterdir() if p.name.startswith("trueboot.db")]
        stored = b"".join(p.read_bytes() for p in files)
        self.assertIn(b"secretive", stored)
        for secret in plain:
            self.assertNotIn(secret.encode(), stored)
            if re.fullmatch("[0-9a-f]+", secret):
                self.assertNotIn(bytes.fromhex(secret), stored)

    def test_t65_the_state_is_for_its_owner_only(self):
        self.assertEqual(W.server.state.stat().st_mode & 0o777, 0o700)
        for path in W.server.state.iterdir():
            if path.suffix in (".key", ".json") or ".db" in path.name:
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_t65_nothing_secret_is_printed_but_the_first_link(self):
        with tempfile.TemporaryDirectory() as d:
            server = Server(d + "/state")
            self.assertEqual(server.link, f"https://localhost:{server.port}/#key={server.admin}")
            token = ask("POST", "/v1/enrolment-tokens", {}, token=server.admin,
                        server=server).json["token"]
            ask("GET", "/v1/hosts", token="f" * 64, server=server)
            out, errors = server.stop()
            self.assertEqual(server.process.returncode, 0)
            self.assertEqual(out.count(server.admin), 1)
            self.assertNotIn(token, out + errors)
            self.assertNotIn(server.admin, errors)
            self.assertNotIn("f" * 64, out + errors)
            again = Server(d + "/state")
            self.assertIsNone(again.admin)  # the link is shown once
            self.assertEqual(ask("GET", "/v1/hosts", token=server.admin, server=again).status, 200)
            again.stop()

    def test_t67_what_was_acknowledged_outlives_kill_9(self):
        with tempfile.TemporaryDirectory() as d:
            server = Server(d + "/state")
            acknowledged, lock, enough = [], threading.Lock(), threading.Event()

            def work(n):
                connection = server.connect()
                for i in range(50):
                    try:
                        connection.request("POST", "/v1/enrolment-tokens",
                                           json.dumps({"label": f"{n}-{i}"}),
                                           {"Content-Type": "application/json",
                                            "Authorization": "Bearer " + server.admin})
                        made = json.loads(connection.getresponse().read())
                    except (OSError, http.client.HTTPException, json.JSONDecodeError):
                        break
                    with lock:
                        acknowledged.append(made["id"])
                        if len(acknowledged) >= 100:
                            enough.set()
                connection.close()

            threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
            for t in threads:
                t.start()
            self.assertTrue(enough.wait(30))
            server.process.kill()
            for t in threads:
                t.join(30)
            server.process.communicate()
            again = Server(d + "/state")
            listed = {t["id"] for t in ask("GET", "/v1/enrolment-tokens", token=server.admin,
                                           server=again).json["items"]}
            audit = [e["target"] for e in self.audit(again, server.admin)]
            again.stop()
            self.assertGreaterEqual(len(acknowledged), 100)
            self.assertLess(len(acknowledged), 200)
            self.assertEqual(set(acknowledged) - listed, set())
            self.assertEqual(set(acknowledged) - set(audit), set())

    def audit(self, server, token):
        cursor, out = "", []
        while cursor is not None:
            page = ask("GET", "/v1/audit?limit=500" + ("&cursor=" + cursor if cursor else ""),
                       token=token, server=server).json
            out += page["items"]
            cursor = page["next"]
        return out


# --- A store that is damaged or gives no answer ---------------------------------------------------------

class Damage(unittest.TestCase):
    def change(self, server, statement, *values):
        store = sqlite3.connect(server.state / "trueboot.db", timeout=20)
        with store:
            store.execute(statement, values)
        store.close()

    def unreadable(self, server, method, path, **more):
        reply = ask(method, path, server=server, **more)
        self.assertEqual((reply.status, reply.code), (503, "policy-unreadable"), reply.body)
        self.assertIn("Retry-After", reply.headers)

    def test_t70_a_replaced_policy_text_serves_no_host_until_it_is_put_again(self):
        with tempfile.TemporaryDirectory() as d:
            server = Server(d + "/state")
            admin, policy = server.admin, {"format": 1, "name": "strict", "interval_s": 120}
            put = ask("PUT", "/v1/policy", policy, token=admin, server=server)
            self.assertEqual(put.status, 200, put.body)
            server.stop()
            self.change(server, "UPDATE policy SET text = ?",
                        json.dumps({**policy, "mode": "observe"}).encode())
            server = Server(d + "/state")
            self.unreadable(server, "GET", "/healthz")
            self.unreadable(server, "GET", "/v1/policy", token=admin)
            offer = ask("POST", "/v1/agent/enrol", encode({1: 1, 3: "new", 4: 0, 11: 0}),
                        server=server)
            self.unreadable(server, "POST", "/v1/agent/activate",
                            body=encode({1: 1, 2: decode(offer.body)[2]}))
            put = ask("PUT", "/v1/policy", policy, token=admin, server=server)
            self.assertEqual(put.status, 200, put.body)
            self.assertEqual(ask("GET", "/healthz", server=server).status, 200)
            self.assertEqual(ask("GET", "/v1/policy", token=admin, server=server).json["name"],
                             "strict")
            _, errors = server.stop()
            self.assertEqual(errors.count("does not have its digest"), 1, errors)
            self.assertIn("can be read again", errors)

    def test_a_store_that_gives_no_answer_makes_no_host_unknown(self):
        with tempfile.TemporaryDirectory() as d:
            server = Server(d + "/state")
            self.change(server, "ALTER TABLE host RENAME TO elsewhere")
            for path in ("challenge", "wait"):
                reply = ask("POST", "/v1/agent/" + path, encode({1: 1, 2: "x"}), token="ab" * 32,
                            server=server)
                self.assertEqual((reply.status, reply.code), (503, "store-unavailable"))
                self.assertIn("Retry-After", reply.headers)
            server.stop()


# --- Options and configuration ---------------------------------------------------------------------------

class Options(unittest.TestCase):
    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20)

    def one_line(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_an_option_that_is_wrong_is_one_line_and_exit_2_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as d:
            for options, word in ((["--listen", "here:1"], "ADDRESS:PORT"),
                                  (["--listen", "127.0.0.1"], "ADDRESS:PORT"),
                                  (["--listen", "127.0.0.1:"], "ADDRESS:PORT"),
                                  (["--listen", "127.0.0.1:65536"], "ADDRESS:PORT"),
                                  (["--listen", "127.0.0.1: 80"], "ADDRESS:PORT"),
                                  (["--listen", "127.0.0.1:-1"], "ADDRESS:PORT"),
                                  (["--name", "a b"], "--name"), (["--name", ""], "--name"),
                                  (["--name", "x"] * 9, "--name"), (["--ek-roots", ""], "--ek-roots"),
                                  (["--more"], "--more"), (["extra"], "extra"),
                                  (["--listen"], "--listen")):
                with self.subTest(options=options):
                    state = d + "/state"
                    self.one_line(self.run_program("init", "--state", state, *options), 2, word)
                    self.assertFalse(os.path.exists(state))

    def test_help_and_version_are_no_errors(self):
        for arguments in (["--version"], ["run", "--help"], ["--help"], ["init", "--help"]):
            done = self.run_program(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertIn("trueboot-server", done.stdout)
        self.assertEqual(self.run_program().returncode, 2)
        self.assertEqual(self.run_program("walk").returncode, 2)

    def test_a_configuration_that_is_wrong_is_one_line_and_exit_1(self):
        with tempfile.TemporaryDirectory() as d:
            state = pathlib.Path(d) / "state"
            self.assertEqual(self.run_program("init", "--state", str(state)).returncode, 0)
            good = json.loads((state / "server.json").read_text())
            for change, word in (({"port": 65536}, "port"), ({"port": "80"}, "port"),
                                 ({"address": "here"}, "address"), ({"names": []}, "names"),
                                 ({"names": [""]}, "names"), ({"threads": 0}, "threads"),
                                 ({"keep_days": 0}, "keep_days"), ({"colour": 1}, "colour"),
                                 ({"challenge_life_s": 1}, "challenge_life_s"),
                                 ({"ek_roots": ""}, "ek_roots")):
                with self.subTest(change=change):
                    (state / "server.json").write_text(json.dumps({**good, **change}))
                    self.one_line(self.run_program("run", "--state", str(state)), 1, "server.json",
                                  word)
            for text in ("", "{", "[]", '{"port":1,"port":2}', "\0"):
                (state / "server.json").write_text(text)
                self.one_line(self.run_program("run", "--state", str(state)), 1, "server.json:")

    def test_a_state_that_cannot_be_used_is_one_line_and_exit_1(self):
        with tempfile.TemporaryDirectory() as d:
            file = pathlib.Path(d) / "file"
            file.write_text("")
            self.one_line(self.run_program("run", "--state", str(file)), 1, "file")
            self.one_line(self.run_program("run", "--state", d + "/no/such"), 1, "no/such")
            self.one_line(self.run_program("run", "--state", d + "/" + "x" * 600), 1, "too long")
            state = pathlib.Path(d) / "state"
            self.assertEqual(self.run_program("init", "--state", str(state)).returncode, 0)
            for name, text in (("ca.crt", "no certificate"), ("ca.key", "no key"),
                               ("trueboot.db", "no database")):
                with self.subTest(name=name):
                    bad = pathlib.Path(d) / name.replace(".", "-")
                    shutil.copytree(state, bad)
                    (bad / name).write_text(text)
                    (bad / "server.crt").unlink()
                    self.one_line(self.run_program("run", "--state", str(bad)), 1, name)

    def test_a_port_in_use_is_one_line_and_the_first_key_is_not_lost(self):
        with tempfile.TemporaryDirectory() as d, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = self.run_program("run", "--state", d + "/state", "--listen",
                                    f"127.0.0.1:{port}")
            self.one_line(done, 1, str(port))
            self.assertNotIn("#key=", done.stdout)
            done = self.run_program("init", "--state", d + "/state")
            self.assertIn(f"https://localhost:{port}/#key=", done.stdout)

    def test_options_of_a_new_state_do_not_change_an_old_one_silently(self):
        with tempfile.TemporaryDirectory() as d:
            self.assertEqual(self.run_program("init", "--state", d + "/s").returncode, 0)
            done = self.run_program("init", "--state", d + "/s", "--listen", "127.0.0.1:1")
            self.one_line(done, 0, "server.json")

    def test_a_path_of_roots_is_absolute_and_told_when_nothing_is_there(self):
        with tempfile.TemporaryDirectory() as d:
            done = subprocess.run([os.path.abspath(PROGRAM), "init", "--state", d + "/s", "--listen",
                                   "127.0.0.1:0", "--ek-roots", "vendors"], cwd=d, timeout=20,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            path = json.loads(pathlib.Path(d, "s", "server.json").read_text())["ek_roots"]
            self.assertEqual(path, os.path.realpath(d) + "/vendors")
            out, errors = Server(d + "/s").stop()
            self.assertIn("vendors: no EK roots are read: No such file", errors)
            self.assertIn("has no EK root", errors)
            self.assertIn("EK roots: 0 roots, 0 intermediates in ", out)

    def test_a_root_file_that_is_no_certificate_is_told_and_left_out(self):
        with tempfile.TemporaryDirectory() as d:
            self.run_program("init", "--state", d + "/s", "--listen", "127.0.0.1:0")
            pathlib.Path(d, "s", "roots", "bad.pem").write_text("nothing")
            server = Server(d + "/s")
            _, errors = server.stop()
            self.assertIn("bad.pem", errors)


if __name__ == "__main__":
    unittest.main()
