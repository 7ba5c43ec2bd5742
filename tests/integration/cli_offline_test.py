#!/usr/bin/env python3
"""The CLI without a server, on recorded boots, on bad input and on the corpus of real logs.

usage: cli_offline_test.py TRUEBOOT MAKE_BUNDLE
TRUEBOOT_SOURCE and TRUEBOOT_FIXTURES come from the environment.
"""
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid

PROGRAM, MAKE_BUNDLE = sys.argv.pop(1), sys.argv.pop(1)
SOURCE = pathlib.Path(os.environ["TRUEBOOT_SOURCE"])
BOOTS = sorted((SOURCE / "tests/data/boots").glob("*/binary_bios_measurements"))
GOOD = SOURCE / "tests/data/boots/good/binary_bios_measurements"
LOGS = sorted(pathlib.Path(os.environ.get("TRUEBOOT_FIXTURES", "/nonexistent")).glob("eventlogs/*.bin"))
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def run(*arguments, stdin=b""):
    """(exit status, standard output, standard error) as a user without any configuration."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=60, env=ENVIRONMENT, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def recorded(boot):
    """The PCRs that the TPM held, as {bank: {pcr: hex}}."""
    banks = {}
    for line in (boot.parent / "pcrs").read_text().splitlines():
        bank, pcr, value = line.split()
        banks.setdefault(bank, {})[pcr] = value
    return banks


class Logs(unittest.TestCase):
    def test_recorded_boots_replay_to_what_the_tpm_held(self):
        self.assertGreaterEqual(len(BOOTS), 6)
        for boot in BOOTS:
            with self.subTest(boot=boot.parent.name):
                status, out, _ = run("log", "pcrs", "--json", boot)
                self.assertEqual(status, 0)
                answer, held = json.loads(out), recorded(boot)
                self.assertEqual(list(answer), ["banks"])
                self.assertEqual(set(answer["banks"]), set(held))
                for bank, values in answer["banks"].items():
                    self.assertTrue({"0", "4", "7"} <= set(values))
                    for pcr, value in values.items():
                        self.assertEqual(value, held[bank][pcr], f"{bank} PCR {pcr}")

    def test_text_lines_say_the_same_as_json(self):
        _, out, _ = run("log", "pcrs", BOOTS[0])
        _, as_json, _ = run("log", "pcrs", "--json", BOOTS[0])
        lines = {(b, p, v) for b, p, v in (l.split() for l in out.decode().splitlines())}
        self.assertEqual(lines, {(b, p, v) for b, values in json.loads(as_json)["banks"].items()
                                 for p, v in values.items()})

    def test_one_changed_bit_of_a_digest_changes_its_pcr_alone(self):
        log = bytearray(BOOTS[0].read_bytes())
        _, before, _ = run("log", "pcrs", "--json", BOOTS[0])
        show = json.loads(run("log", "show", "--json", BOOTS[0])[1])
        event = next(e for e in show["events"] if e["type"] == "EV_S_CRTM_VERSION")
        digest = bytes.fromhex(event["digests"]["sha256"])
        log[log.index(digest)] ^= 1
        status, after, _ = run("log", "pcrs", "--json", "-", stdin=bytes(log))
        self.assertEqual(status, 0)
        old, new = json.loads(before)["banks"], json.loads(after)["banks"]
        different = {(b, p) for b in old for p in old[b] if old[b][p] != new[b][p]}
        self.assertEqual(different, {("sha256", "0")})

    def compare(self, log, values, *options):
        """log pcrs --quoted of a log's bytes and the text of quoted values."""
        with tempfile.TemporaryDirectory() as d:
            quoted = pathlib.Path(d) / "quoted"
            quoted.write_text(values)
            status, out, err = run("log", "pcrs", "--quoted", quoted, *options, "-", stdin=bytes(log))
            return status, out.decode(), err

    def test_a_log_that_leads_to_quoted_values_of_any_form_matches(self):
        log = GOOD.read_bytes()
        lines = run("log", "pcrs", GOOD)[1].decode()
        as_json = run("log", "pcrs", "--json", GOOD)[1].decode()
        pcrread = ""
        for bank, values in json.loads(as_json)["banks"].items():
            pcrread += f"  {bank}:\n"
            pcrread += "".join(f"    {p:2}: 0x{v.upper()}\n" if int(p) > 9 else
                               f"    {p} : 0x{v.upper()}\n" for p, v in values.items())
        for values in (lines, as_json, pcrread, json.dumps(json.loads(as_json)["banks"]),
                       "# a remark\n\n" + lines.replace("\n", " tpm\n")):
            status, out, err = self.compare(log, values)
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(out.count(" match "), len(lines.splitlines()))
            self.assertNotIn("explained", out)

    def test_l60_a_log_without_exit_boot_services_is_explained_offline(self):
        log = bytearray(GOOD.read_bytes())
        lines = run("log", "pcrs", GOOD)[1].decode()
        events = json.loads(run("log", "show", "--json", GOOD)[1].decode())["events"]
        last = [e for e in events if e["pcr"] == 5][-1]
        first = next(e for e in events if bytes.fromhex(e["data"]) == b"Exit Boot Services Invocation")
        after = {e["offset"]: n["offset"] for e, n in zip(events, events[1:] + [{"offset": len(log)}])}
        for event in (last, first):
            del log[event["offset"]:after[event["offset"]]]
        status, out, _ = self.compare(log, lines)
        self.assertEqual(status, 1)
        self.assertIn("explained  exit-boot-services  PCR 5: ", out)
        self.assertIn("exit-boot-services-invocation, then exit-boot-services-success", out)
        status, out, _ = self.compare(log, lines, "--json")
        answer = json.loads(out)
        self.assertEqual(status, 1)
        self.assertEqual([(e["code"], e["pcrs"]) for e in answer["explanations"]],
                         [("exit-boot-services", [5])])
        self.assertEqual({s for b in answer["states"].values() for s in b.values()},
                         {"match", "mismatch"})
        self.assertEqual(answer["explanations_cut"], False)

    def test_l11_several_logs_in_one_file_are_refused_and_the_one_that_fits_is_named(self):
        log = GOOD.read_bytes()
        status, out, err = self.compare(log + log, run("log", "pcrs", GOOD)[1].decode())
        self.assertEqual(status, 2)
        self.assertIn("header", err)
        self.assertIn("explained  several-logs", out)
        self.assertIn("log 1 of 2", out)

    def test_quoted_values_that_are_not_understood_are_refused_with_their_line(self):
        value = "0" * 64
        for text, line in ((f"sha256 24 {value}", 1), (f"sha256 0 {value}\nsha256 0 {value}", 2),
                           (f"sha256 0 {value}00", 1), ("sha256 0 " + "g" * 64, 1),
                           (f"md5 0 {value}", 1), ("nonsense", 1), (f"sm3_256:\n 0 : 0x{value}", 1),
                           (f"0 : 0x{value}", 1), (f"sha256:\n x : 0x{value}", 2),
                           (f"sha256:\n -1 : 0x{value}", 2)):
            status, out, err = self.compare(GOOD.read_bytes(), text)
            self.assertEqual((status, out), (2, ""), text)
            self.assertIn(f":{line}: expected", err)
        for text in ("", "# nothing\n", "{}", "{", '{"sha256": []}', '{"sha256": {"0": 1}}',
                     '{"sha256": {"0": "00"}}', '{"sha256": {}, "sha256": {}}', '{"banks": {"x": {}}}',
                     f'{{"sha256": {{"0": "{value}", "00": "{value}"}}}}'):
            status, out, err = self.compare(GOOD.read_bytes(), text)
            self.assertEqual((status, out), (2, ""), text)
            self.assertIn("expected", err)

    def test_standard_input_is_read_as_a_file_is(self):
        for verb in ("show", "pcrs"):
            self.assertEqual(run("log", verb, "-", stdin=BOOTS[0].read_bytes())[1],
                             run("log", verb, BOOTS[0])[1])

    def test_every_event_is_shown_with_pcr_type_and_digests(self):
        for boot in BOOTS:
            status, out, _ = run("log", "show", "--json", boot)
            events = json.loads(out)["events"]
            self.assertEqual(status, 0)
            self.assertGreaterEqual(len(events), 20)
            for index, event in enumerate(events):
                self.assertEqual(event["index"], index)
                self.assertTrue(event["type"].startswith("EV_"))
            self.assertTrue(any("SecureBoot" in json.dumps(e) for e in events))

    def test_what_no_digest_covers_is_marked_unverified(self):
        _, out, _ = run("log", "show", GOOD)
        application = [l for l in out.decode().splitlines() if "BOOTX64.EFI" in l]
        self.assertTrue(application)
        for line in application:
            self.assertIn("unverified", line)

    def test_a_log_begins_with_the_boot_in_the_order_in_which_it_went(self):
        _, out, _ = run("log", "show", GOOD)
        head = out.decode().split("\n\n")[1].splitlines()
        steps = [l[4:].split("  ")[0].strip() + ": " + l[16:30].strip() for l in head[1:]]
        for step in ("verified: Secure Boot", "verified: vouched", "verified: program",
                     "unverified: its path", "verified: systemd-stub", "verified: section",
                     "unverified: initrd", "verified: end"):
            self.assertIn(step, steps)
        self.assertLess(steps.index("verified: Secure Boot"), steps.index("verified: section"))
        facts = json.loads(run("log", "show", "--json", GOOD)[1])["facts"]
        self.assertEqual([s["name"] for s in facts["story"]["sections"]],
                         [".linux", ".osrel", ".cmdline", ".initrd"])
        self.assertEqual([(c["variable"], c["authority"]) for c in facts["certificates"]],
                         [("PK", False), ("KEK", False), ("db", False), ("db", True)])
        for certificate in facts["certificates"]:
            self.assertLess(certificate["not_before_s"], certificate["not_after_s"])

    def test_keys_and_who_vouched_are_told_with_the_names_of_known_certificates(self):
        debian = SOURCE / "tests/data/boots/debian/binary_bios_measurements"
        lines = [l[4:] for l in run("log", "show", debian)[1].decode().splitlines()]
        uefi_ca = "CN=Microsoft Corporation UEFI CA 2011,O=Microsoft Corporation,L=Redmond,ST=Washington,C=US"
        self.assertIn(f"verified    vouched       db: {uefi_ca} (known: Microsoft Corporation UEFI CA 2011)",
                      lines)
        keys = {l.split()[1]: l for l in lines if l.split()[1:2] and l.split()[1] in ("PK", "KEK", "db", "dbx")}
        self.assertEqual(list(keys), ["PK", "KEK", "db", "dbx"])
        self.assertIn("1 certificate: ", keys["PK"])
        self.assertTrue(keys["db"].endswith("(known: Microsoft Windows Production PCA 2011)"), keys["db"])
        facts = json.loads(run("log", "show", "--json", debian)[1])["facts"]
        self.assertEqual([(a["known"], a["test_key"]) for a in facts["authorities"] if a["variable"] == "db"],
                         [("Microsoft Corporation UEFI CA 2011", False)])
        self.assertEqual(facts["keys"]["db"]["known"], "Microsoft Windows Production PCA 2011")
        self.assertIsNone(facts["keys"]["PK"]["known"])

    def diff(self, before, after):
        """Exit status and {pcr: {kind: number of changes}} of the PCRs that differ, and the text."""
        boots = [SOURCE / "tests/data/boots" / b / "binary_bios_measurements" for b in (before, after)]
        status, out, err = run("log", "diff", "--json", *boots)
        self.assertEqual(err, "")
        answer = json.loads(out)
        self.assertEqual(answer["equal"], status == 0)
        text_status, text, _ = run("log", "diff", *boots)
        self.assertEqual(text_status, status)
        differ = {}
        for pcr in answer["pcrs"]:
            self.assertTrue(pcr["aligned"])
            self.assertEqual(pcr["before"], recorded(boots[0])[answer["bank"]][str(pcr["pcr"])])
            self.assertEqual(pcr["after"], recorded(boots[1])[answer["bank"]][str(pcr["pcr"])])
            if not pcr["equal"]:
                kinds = [c["kind"] for c in pcr["changes"]]
                differ[pcr["pcr"]] = {k: kinds.count(k) for k in kinds if k != "data"}
        return status, differ, text.decode()

    def test_a_boot_does_not_differ_from_itself(self):
        status, differ, text = self.diff("good", "good")
        self.assertEqual((status, differ), (0, {}))
        self.assertIn("the same events in the same order", text)

    def test_an_update_changes_image_command_line_and_initrd(self):
        status, differ, text = self.diff("good", "good-updated")
        self.assertEqual((status, differ),
                         (1, {4: {"changed": 1}, 9: {"changed": 2}, 11: {"changed": 3}}))
        for word in ("BOOTX64.EFI", ".cmdline", ".initrd", "unchanged: PCR 0 (5)"):
            self.assertIn(word, text)

    def test_secure_boot_off_is_a_changed_variable_and_an_authority_gone(self):
        status, differ, text = self.diff("good", "secure-boot-off")
        self.assertEqual((status, differ), (1, {4: {"new": 1}, 7: {"changed": 1, "gone": 1}}))
        self.assertRegex(text, r"- verified +enabled: yes\n(.*\n)*? +\+ verified +enabled: no\n")
        back = self.diff("secure-boot-off", "good")
        self.assertEqual(back[:2], (1, {4: {"gone": 1}, 7: {"changed": 1, "new": 1}}))

    def test_the_output_for_a_pipe_has_no_escape_sequences(self):
        for arguments in (("log", "show", BOOTS[0]), ("findings",), ("help",)):
            self.assertNotIn(b"\033", run(*arguments)[1])
        self.assertIn(b"\033[", run("log", "show", "--colour", "always", BOOTS[0])[1])


class BadInput(unittest.TestCase):
    def refused(self, *arguments, stdin=b"", status=2):
        found, out, err = run(*arguments, stdin=stdin)
        self.assertEqual(found, status, (arguments, err))
        self.assertEqual(out, b"")
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertTrue(err.startswith("trueboot: "))
        return err

    def test_what_is_no_log_is_refused_in_one_line(self):
        log = BOOTS[0].read_bytes()
        for verb in ("show", "pcrs"):
            for arguments in ([], ["--json"]):
                command = ("log", verb, *arguments)
                self.refused(*command, "-", stdin=b"")
                self.refused(*command, "-", stdin=log[:-1])
                self.refused(*command, "-", stdin=log[: len(log) // 2])
                self.refused(*command, "-", stdin=b"-----BEGIN CERTIFICATE-----\n" * 9)
                self.refused(*command, "-", stdin=b"\0" * 1024)
                self.refused(*command, "-", stdin=b"\xff" * 1024)
                self.refused(*command, "-", stdin=b"A" * (1 << 21))
                self.refused(*command, "/dev/zero")
                self.assertIn("directory", self.refused(*command, "/"))
                self.refused(*command, "/nonexistent")

    def test_logs_that_cannot_be_compared_are_refused_in_one_line(self):
        good = BOOTS[0]
        self.assertIn("/nonexistent", self.refused("log", "diff", good, "/nonexistent"))
        self.assertIn("-: ", self.refused("log", "diff", good, "-", stdin=good.read_bytes()[:-1]))
        self.refused("log", "diff", "-", good, stdin=b"A" * 99)
        self.refused("log", "diff", "-", "-", stdin=good.read_bytes())
        self.refused("log", "diff", good)

    def test_every_truncation_ends_with_0_or_2(self):
        log = BOOTS[-1].read_bytes()
        for n in range(0, len(log), max(1, len(log) // 60)):
            self.assertIn(run("log", "show", "-", stdin=log[:n])[0], (0, 2))

    def test_what_is_no_bundle_is_refused_in_one_line(self):
        for data in (b"", b"\xa0", b"{}", b"\xff" * 99, BOOTS[0].read_bytes(), b"\x5b\x7f" + b"\xff" * 20,
                     b"A" * (5 << 20)):
            self.refused("verify", "-", stdin=data)
            self.refused("verify", "--json", "-", stdin=data)
        self.refused("verify", "/")

    def test_policies_are_refused_with_file_and_line(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(b'{"format": 1, "name": "p",\n  "nonsense": 1\n}\n')
            file.flush()
            self.assertIn(f"{file.name}:2:", self.refused("policy", "check", file.name))
        self.assertIn("1:", self.refused("policy", "check", "-", stdin=b"{"))

    def revocations(self, *options, policy):
        status, out, err = run("policy", "revocations", *options, "-", stdin=json.dumps(policy).encode())
        self.assertEqual(status, 0, err)
        return json.loads(out), err

    def test_t49_published_revocations_are_added_to_a_policy(self):
        owner = bytes(16)
        sha256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
        rsa = uuid.UUID("3c5766e8-269c-4e34-aa14-ed776e85b3b6").bytes_le
        header = bytes(16) + struct.pack("<IHH", 24 + 3, 0x0200, 0x0EF1) + uuid.UUID(
            "4aafd29d-68df-49ee-8aa9-347d375665a7").bytes_le + b"sig"

        def signature_list(kind, *entries):
            size = 16 + len(entries[0])
            return kind + struct.pack("<III", 28 + size * len(entries), 0, size) + b"".join(
                owner + e for e in entries)

        images = signature_list(sha256, b"\x02" * 32, b"\x01" * 32)
        policy = {"format": 1, "name": "p", "dbx": ["02" * 32], "sbat": ["shim,5", "grub,1"]}
        with tempfile.NamedTemporaryFile() as dbx, tempfile.NamedTemporaryFile() as sbat:
            dbx.write(header + images + signature_list(rsa, bytes(256)))
            dbx.flush()
            sbat.write(b"sbat,1,2024010900\nshim,4\ngrub,3\n")
            sbat.flush()
            merged, err = self.revocations("--dbx", dbx.name, "--sbat", sbat.name, policy=policy)
            self.assertEqual(merged["dbx"], ["01" * 32, "02" * 32])
            self.assertEqual(merged["sbat"], ["shim,5", "grub,3", "sbat,1,2024010900"])
            self.assertIn("3 entries, 1 of them new; 1 of a kind that cannot be used", err)
            again, _ = self.revocations("--dbx", dbx.name, policy=merged)
            self.assertEqual(again, merged)
            dbx.truncate(len(header) + 20)
            self.assertIn("revocation list", self.refused(
                "policy", "revocations", "--dbx", dbx.name, "-", stdin=json.dumps(policy).encode()))
        self.assertIn("--dbx", self.refused("policy", "revocations", "-", stdin=b"{}"))

    def test_an_empty_policy_is_the_built_in_one(self):
        status, out, _ = run("policy", "check", "--json", "-", stdin=b'{"format": 1, "name": "p"}')
        self.assertEqual(status, 0)
        self.assertRegex(json.loads(out)["digest"], "^[0-9a-f]{64}$")

    def test_t70_a_policy_is_identified_by_its_canonical_form(self):
        policy = {"format": 1, "name": "p", "mode": "observe", "interval_s": 60, "stale_s": 180,
                  "ek_trust": "token", "banks": ["sha256"], "pcrs": list(range(8))}
        canonical = json.dumps(policy, sort_keys=True, separators=(",", ":")).encode()
        for text in (canonical, json.dumps(policy, indent=3).encode()):
            _, out, _ = run("policy", "check", "--json", "-", stdin=text)
            self.assertEqual(json.loads(out)["digest"], hashlib.sha256(canonical).hexdigest())

    def test_t44_file_names_do_not_act_on_the_terminal(self):
        self.assertNotIn("\033", self.refused("log", "show", "/nonexistent\033[31m\u202e"))

    def test_without_a_server_it_says_what_to_give(self):
        self.assertIn("TRUEBOOT_URL", self.refused("host", "list"))
        self.assertIn("TRUEBOOT_TOKEN", self.refused("host", "list", "--url", "https://127.0.0.1:1"))

    def test_a_host_never_attests_itself(self):
        self.assertIn("never attests itself", self.refused("verify", "--self", status=4))
        self.assertIn("never attests itself", self.refused("attest", "--self", status=4))


class Bundles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "bundle")
            subprocess.run([MAKE_BUNDLE, file], check=True, timeout=60)
            cls.good = file.read_bytes()
            subprocess.run([MAKE_BUNDLE, file, "failed"], check=True, timeout=60)
            cls.liar = file.read_bytes()
            subprocess.run([MAKE_BUNDLE, file, "edited"], check=True, timeout=60)
            cls.edited = file.read_bytes()

    def test_a_good_boot_is_trusted_and_agrees(self):
        status, out, err = run("verify", "-", stdin=self.good)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("web-1.example.org: trusted", out.decode())
        self.assertIn("it agrees", out.decode())
        status, out, _ = run("verify", "--json", "-", stdin=self.good)
        answer = json.loads(out)
        self.assertEqual((status, answer["verdict"], answer["recorded_verdict"], answer["agrees"]),
                         (0, "trusted", "trusted", True))
        self.assertEqual(answer["result"]["findings"], [])

    def test_the_recorded_verdict_is_compared_and_not_believed(self):
        status, out, _ = run("verify", "--json", "-", stdin=self.liar)
        answer = json.loads(out)
        self.assertEqual((status, answer["verdict"], answer["recorded_verdict"], answer["agrees"]),
                         (0, "trusted", "failed", False))
        self.assertIn("DOES NOT AGREE", run("verify", "-", stdin=self.liar)[1].decode())

    def test_l05_an_edited_log_fails_and_the_edit_is_explained(self):
        status, out, _ = run("verify", "--json", "-", stdin=self.edited)
        answer = json.loads(out)
        self.assertEqual((status, answer["verdict"], answer["agrees"]), (1, "failed", True))
        [found] = answer["result"]["boot"]["explanations"]
        self.assertEqual((found["code"], found["pcrs"], found["banks"]), ("digest-edited", [7], ["sha256"]))
        out = run("verify", "-", stdin=self.edited)[1].decode()
        self.assertIn("explained  digest-edited  PCR 7: sha256", out)
        self.assertIn(f"with      {found['detail']}\n", out)

    def test_whose_key_it_is_must_be_told_and_is_compared(self):
        answer = json.loads(run("verify", "--json", "-", stdin=self.good)[1])
        name = answer["ak_name"]
        self.assertRegex(name, "^000b[0-9a-f]{64}$")
        self.assertIsNone(answer["ak_matches"])
        text = run("verify", "-", stdin=self.good)[1].decode()
        self.assertIn(name, text)
        self.assertIn("its own claims", text)
        for given in (name, name.upper()):
            status, out, _ = run("verify", "--ak", given, "-", stdin=self.good)
            self.assertEqual(status, 0)
            self.assertIn("the one given with --ak", out.decode())
            self.assertNotIn("own claim", out.decode())

    def test_another_key_is_not_trusted_however_good_its_boot_is(self):
        other = "000b" + "5f" * 32
        status, out, _ = run("verify", "--ak", other, "-", stdin=self.good)
        self.assertEqual(status, 1)
        self.assertIn("ANOTHER ATTESTATION KEY", out.decode().splitlines()[0])
        self.assertIn(other, out.decode())
        status, out, _ = run("verify", "--json", "--ak", other, "-", stdin=self.good)
        self.assertEqual((status, json.loads(out)["ak_matches"]), (1, False))
        for wrong in ("", "000b", other[:-1] + "x", other + "00"):
            self.assertEqual(run("verify", "--ak", wrong, "-", stdin=self.good)[0], 2, wrong)

    def test_another_policy_gives_another_verdict(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as policy:
            pin = "00" * 32
            policy.write(json.dumps({"format": 1, "name": "pinned", "pins": [
                {"bank": "sha256", "pcr": 4, "value": pin}]}).encode())
            policy.flush()
            status, out, err = run("verify", "--policy", policy.name, "-", stdin=self.good)
        self.assertEqual((status, err), (1, ""))
        self.assertIn("failed", out.decode().splitlines()[0])
        self.assertIn("pinned", out.decode())
        self.assertIn(pin, out.decode())

    def test_no_changed_byte_is_trusted_or_crashes(self):
        told = set()
        for at in range(8, len(self.good), max(1, len(self.good) // 150)):
            changed = bytearray(self.good)
            changed[at] ^= 0x40
            status, out, _ = run("verify", "--json", "-", stdin=bytes(changed))
            self.assertIn(status, (0, 1, 2))
            told.add(status)
            if status == 0:  # what no quote covers: name, recorded result, time
                answer = json.loads(out)
                self.assertEqual(answer["result"]["findings"], [])
        self.assertTrue({1, 2} <= told)


class Tables(unittest.TestCase):
    def test_findings_have_code_cause_and_next_step(self):
        items = json.loads(run("findings", "--json")[1])["items"]
        self.assertGreater(len(items), 30)
        for item in items:
            self.assertTrue(item["code"] and item["title"] and item["cause"] and item["next"])

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "findings"], stdout=full, stderr=subprocess.PIPE,
                                  check=False, env=ENVIRONMENT, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot be written", done.stderr)


@unittest.skipUnless(LOGS, "no corpus of real logs")
class Corpus(unittest.TestCase):
    def test_every_real_log_is_shown_or_refused_in_one_line(self):
        shown = 0
        for log in LOGS:
            with self.subTest(log=log.name):
                for verb in ("show", "pcrs"):
                    status, out, err = run("log", verb, "--json", log)
                    self.assertIn(status, (0, 2), err)
                    if status == 2:
                        self.assertEqual((out, len(err.splitlines())), (b"", 1))
                        continue
                    json.loads(out)
                    shown += verb == "show"
                status, out, _ = run("log", "show", log)
                self.assertTrue(all(c >= 0x20 or c == 0x0A for c in out), "control bytes")
        print(f"{shown} of {len(LOGS)} logs shown", file=sys.stderr)
        # all TPM logs; what is left are CC logs and fragments
        self.assertGreaterEqual(shown, 0.9 * len(LOGS))


if __name__ == "__main__":
    unittest.main()
