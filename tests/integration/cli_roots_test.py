#!/usr/bin/env python3
"""trueboot roots: certificates of TPM vendors, listed, checked and imported.

usage: cli_roots_test.py TRUEBOOT
The certificates are made here by openssl(1); without it the tests are skipped.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def run(*arguments, stdin=b""):
    done = subprocess.run([PROGRAM, "roots", *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=60, env=ENVIRONMENT, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


@unittest.skipUnless(shutil.which("openssl"), "no openssl(1)")
class Roots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.made, ignore_errors=True)
        cls.root = cls.self_issued("root", "/O=Vendor/CN=Vendor\\, Root ..\\/1", 100)
        cls.old = cls.expired("old", "/CN=Old Root")
        cls.inter = cls.issued("inter", "/CN=Intermediate 1", "critical,CA:TRUE")
        cls.leaf = cls.issued("leaf", "/CN=A TPM", "critical,CA:FALSE")
        cls.der = cls.made / "root.der"
        openssl("x509", "-in", cls.root, "-outform", "DER", "-out", cls.der)
        cls.digest = hashlib.sha256(cls.der.read_bytes()).hexdigest()

    @classmethod
    def self_issued(cls, name, subject, days):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", cls.made / f"{name}.key", "-out", cls.made / f"{name}.pem", "-subj",
                subject, "-days", days)
        return cls.made / f"{name}.pem"

    @classmethod
    def expired(cls, name, subject):
        """Valid in 2001 only, which `openssl ca` alone can write."""
        folder = cls.made / f"{name}.ca"
        folder.mkdir()
        (folder / "index").touch()
        (folder / "config").write_text(
            f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\nnew_certs_dir={folder}\n"
            "rand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n"
            "[p]\ncommonName=supplied\n[e]\nbasicConstraints=critical,CA:TRUE\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                folder / "key", "-out", folder / "csr", "-subj", subject)
        openssl("ca", "-batch", "-config", folder / "config", "-selfsign", "-keyfile",
                folder / "key", "-in", folder / "csr", "-out", cls.made / f"{name}.pem", "-notext",
                "-startdate", "20010101000000Z", "-enddate", "20011231000000Z")
        return cls.made / f"{name}.pem"

    @classmethod
    def issued(cls, name, subject, basic):
        request, extensions = cls.made / f"{name}.csr", cls.made / f"{name}.cnf"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                cls.made / f"{name}.key", "-out", request, "-subj", subject)
        extensions.write_text(f"basicConstraints={basic}\n"
                              "authorityInfoAccess=caIssuers;URI:http://example.invalid/root.crt\n")
        openssl("x509", "-req", "-in", request, "-CA", cls.root, "-CAkey", cls.made / "root.key",
                "-days", 50, "-extfile", extensions, "-out", cls.made / f"{name}.pem")
        return cls.made / f"{name}.pem"

    def setUp(self):
        self.into = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.into)

    def refused(self, *arguments, word=""):
        status, out, err = run(*arguments)
        self.assertEqual((status, out), (2, ""))
        self.assertTrue(all(l.startswith("trueboot: ") for l in err.splitlines()))
        self.assertIn(word, err)

    def problems(self, *files):
        """[(problem, subject)] of a directory with these files, which is checked."""
        for i, file in enumerate(files):
            shutil.copy(file, self.into / f"{i}.pem")
        status, out, _ = run("check", "--json", self.into)
        answer = json.loads(out)
        found = [(p["problem"], p["certificate"]["subject"]) for p in answer["problems"]]
        self.assertEqual(status == 0, not found and answer["roots"] > 0)
        self.assertEqual(run("check", self.into)[0], status)
        return found, answer

    def test_list_tells_what_each_certificate_is(self):
        (self.into / "bundle.pem").write_bytes(self.root.read_bytes() + self.inter.read_bytes())
        (self.into / ".hidden").write_text("no certificate")
        (self.into / "x.pem").write_bytes(self.old.read_bytes())
        status, out, err = run("list", "--json", self.into)
        self.assertEqual((status, err), (0, ""))
        root, inter, old = json.loads(out)["certificates"]
        self.assertEqual((root["kind"], root["sha256"], root["expired"], root["file"]),
                         ("root", self.digest, False, str(self.into / "bundle.pem")))
        self.assertEqual((inter["kind"], inter["issuer"]), ("intermediate", root["subject"]))
        self.assertEqual((old["kind"], old["expired"]), ("root", True))
        text = run("list", self.into)[1]
        self.assertEqual(text.count("EXPIRED"), 1)
        self.assertIn(self.digest, text)

    def test_a_file_without_certificates_is_told_and_is_exit_1(self):
        shutil.copy(self.root, self.into)
        (self.into / "README").write_text("hello")
        for verb in ("list", "check"):
            status, out, err = run(verb, self.into)
            self.assertEqual(status, 1)
            self.assertIn("README", err)
            self.assertIn("1 roots, 0 intermediates, 1 files without", out)
            self.refused(verb, self.into / "README", word="README")
            self.refused(verb, "/nonexistent", word="/nonexistent")

    def test_a_whole_directory_has_no_problem(self):
        self.assertEqual(self.problems(self.root, self.inter)[0], [])

    def test_a_missing_issuer_is_named_with_its_address(self):
        found, answer = self.problems(self.inter, self.old)
        self.assertEqual(found, [("missing issuer", "CN=Intermediate 1"), ("expired", "CN=Old Root")])
        self.assertIn("Vendor", answer["problems"][0]["expected"])
        self.assertEqual(answer["problems"][0]["found"], "http://example.invalid/root.crt")

    def test_what_is_no_ca_vouches_for_nobody(self):
        found, answer = self.problems(self.root, self.leaf)
        self.assertEqual(found, [("issuer", "CN=A TPM")])
        self.assertEqual(answer["problems"][0]["expected"], "a CA certificate")

    def test_a_directory_without_roots_is_told(self):
        status, _, err = run("check", self.into)
        self.assertEqual(status, 1)
        self.assertIn("no root", err)

    def test_import_writes_a_file_for_each_new_certificate(self):
        status, out, err = run("import", "--json", self.root, self.der, "--into", self.into)
        self.assertEqual(status, 0)
        self.assertIn("trusts every TPM of that vendor", err)
        added = json.loads(out)["added"]
        self.assertEqual([a["sha256"] for a in added], [self.digest])
        file = self.into / f"Vendor-Root-1-{self.digest[:16]}.pem"
        self.assertEqual([str(file)], [a["file"] for a in added])
        self.assertEqual(sorted(self.into.iterdir()), [file, self.into / "manifest.json"])
        self.assertEqual(file.stat().st_mode & 0o777, 0o644)
        before = file.stat()
        status, out, err = run("import", self.der, "--into", self.into)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("0 added, 1 were there", out)
        self.assertEqual(file.stat().st_mtime_ns, before.st_mtime_ns)
        self.assertEqual(json.loads(run("list", "--json", self.into)[1])["roots"], 1)

    def test_import_reads_a_directory(self):
        source = self.into / "source"
        source.mkdir()
        for file in (self.root, self.old):
            shutil.copy(file, source)
        (source / "Vendor" / "RootCA").mkdir(parents=True)
        shutil.copy(self.self_issued("deep", "/CN=Deep", 9), source / "Vendor" / "RootCA")
        self.assertIn("3 added", run("import", source, "--into", self.into)[1])

    def test_import_overwrites_nothing(self):
        file = self.into / f"Vendor-Root-1-{self.digest[:16]}.pem"
        file.write_bytes(self.old.read_bytes())
        self.assertEqual(run("import", self.root, "--into", self.into)[0], 2)
        self.assertEqual(file.read_bytes(), self.old.read_bytes())
        self.assertEqual(list(self.into.iterdir()), [file])

    def test_import_takes_intermediates_only_when_told(self):
        self.refused("import", self.root, self.inter, "--into", self.into, word="Intermediate 1")
        self.assertEqual(list(self.into.iterdir()), [])
        status, out, _ = run("import", self.root, self.inter, "--into", self.into,
                             "--allow-intermediates")
        self.assertEqual(status, 0)
        self.assertIn("2 added", out)
        self.assertEqual(run("check", self.into)[0], 0)
        self.assertEqual([f.name.startswith("Intermediate-1-")
                          for f in (self.into / "intermediates").iterdir()], [True])

    def manifest(self):
        return json.loads((self.into / "manifest.json").read_text())["certificates"]

    def test_the_manifest_says_where_each_file_is_from(self):
        run("import", self.root, self.inter, "--into", self.into, "--allow-intermediates")
        run("import", self.old, "--into", self.into, "--vendor", "Old Inc", "--source",
            "https://example.invalid/old.crt")
        listed = {e["file"].split("-")[0]: e for e in self.manifest()}
        self.assertEqual(set(listed), {"Vendor", "intermediates/Intermediate", "Old"})
        self.assertEqual((listed["Vendor"]["vendor"], listed["Vendor"]["source"]),
                         ("Vendor", "root.pem"))
        self.assertEqual((listed["Old"]["vendor"], listed["Old"]["source"]),
                         ("Old Inc", "https://example.invalid/old.crt"))
        for entry in self.manifest():
            data = (self.into / entry["file"]).read_bytes()
            self.assertEqual(entry["sha256"], hashlib.sha256(data).hexdigest())
            self.assertRegex(entry["added"], r"^20\d\d-\d\d-\d\d$")
            self.assertIs(entry["allow_sha1"], False)
        shown = json.loads(run("list", "--json", self.into)[1])["certificates"]
        self.assertEqual({c["vendor"] for c in shown}, {"Vendor", "", "Old Inc"})

    def test_t70_a_file_that_is_not_what_the_manifest_says_is_left_out(self):
        run("import", self.root, self.old, "--into", self.into)
        file = next(self.into.glob("Vendor-*.pem"))
        file.write_bytes(self.self_issued("other", "/CN=Other", 9).read_bytes())
        status, out, err = run("list", "--json", self.into)
        self.assertEqual((status, json.loads(out)["roots"]), (1, 1))
        self.assertIn(str(file), err)
        self.assertIn(hashlib.sha256(file.read_bytes()).hexdigest(), err)
        file.unlink()
        status, _, err = run("check", self.into)
        self.assertEqual(status, 1)
        self.assertIn("expected the file that the manifest lists, found none", err)

    def test_a_file_that_the_manifest_does_not_list_is_told(self):
        run("import", self.root, "--into", self.into)
        shutil.copy(self.old, self.into)
        status, out, _ = run("check", "--json", self.into)
        self.assertEqual(status, 1)
        self.assertIn("not in the manifest", [p["problem"] for p in json.loads(out)["problems"]])

    def test_a_manifest_that_cannot_be_read_vouches_for_nothing(self):
        run("import", self.root, "--into", self.into)
        (self.into / "manifest.json").write_text('{"format":1,\n"certificates":[{}]}')
        self.refused("list", self.into, word="certificates[0]: file")
        self.refused("import", self.old, "--into", self.into, word="certificates[0]: file")
        (self.into / "manifest.json").write_text('{"format":1,\n!')
        self.refused("list", self.into, word="manifest.json:2:")

    def test_t17_a_root_in_the_folder_of_intermediates_is_left_out(self):
        (self.into / "intermediates").mkdir()
        shutil.copy(self.root, self.into / "intermediates")
        status, out, err = run("list", "--json", self.into)
        self.assertEqual((status, json.loads(out)["roots"]), (1, 0))
        self.assertIn("intermediates only", err)

    def test_t17_sha1_below_a_root_is_told_until_it_is_allowed(self):
        request = self.made / "weak.csr"
        extensions = self.made / "weak.cnf"
        extensions.write_text("basicConstraints=critical,CA:TRUE\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                self.made / "weak.key", "-out", request, "-subj", "/CN=Weak")
        openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self.made / "root.key",
                "-sha1", "-days", 50, "-extfile", extensions, "-out", self.made / "weak.pem")
        run("import", self.root, self.made / "weak.pem", "--into", self.into,
            "--allow-intermediates")
        status, out, _ = run("check", "--json", self.into)
        problem = json.loads(out)["problems"][0]
        self.assertEqual((status, problem["problem"], problem["found"]),
                         (1, "weak signature", "SHA-1: CN=Weak"))
        status, out, err = run("import", self.root, "--into", self.into, "--allow-sha1")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("0 added, 1 were there", out)
        self.assertEqual(run("check", self.into)[0], 0)
        shown = json.loads(run("list", "--json", self.into)[1])["certificates"]
        self.assertEqual({c["subject"]: c["allow_sha1"] for c in shown},
                         {"CN=Vendor\\, Root ../1,O=Vendor": True, "CN=Weak": False})
        self.assertIn("allowed below it", run("list", self.into)[1])

    def test_import_reads_the_directory_of_debians_package(self):
        installed = "share/rubygems-integration/*/gems/tpm-key_attestation-*/lib/tpm/certificates"
        found = sorted(pathlib.Path(os.environ.get("TRUEBOOT_VENDOR_ROOTS", "/usr")).glob(installed))
        if not found:
            self.skipTest("no ruby-tpm-key-attestation")
        status, out, _ = run("import", "--json", found[0], "--into", self.into,
                             "--allow-intermediates")
        self.assertEqual(status, 0)
        added = json.loads(out)["added"]
        self.assertGreater(len(added), 20)
        self.assertEqual(len(self.manifest()), len(added))
        self.assertGreater(len([a for a in added if "Nuvoton" in a["subject"]]), 5)

    def test_import_compares_the_digest_of_the_file(self):
        good, bad = hashlib.sha256(self.root.read_bytes()).hexdigest(), "00" * 32
        self.refused("import", self.root, "--into", self.into, "--sha256", bad, word=bad)
        self.refused("import", self.root, "--into", self.into, "--sha256", "0", word="64 hex")
        self.refused("import", self.root, self.old, "--into", self.into, "--sha256", good)
        self.refused("import", self.made, "--into", self.into, "--sha256", good, word="directory")
        self.assertEqual(list(self.into.iterdir()), [])
        self.assertEqual(run("import", self.root, "--into", self.into, "--sha256", good)[0], 0)

    def test_import_writes_nothing_when_one_file_is_bad(self):
        bad = self.made / "root.key"
        self.refused("import", self.root, bad, "--into", self.into, word="root.key")
        self.refused("import", self.root, word="--into")
        self.refused("import", self.root, "--into", "/nonexistent", word="/nonexistent")
        source = self.into / "source"
        source.mkdir()
        shutil.copy(bad, source)
        shutil.copy(self.root, source)
        self.refused("import", source, "--into", self.into, word="nothing imported")
        self.assertEqual(list(self.into.iterdir()), [source])

    def test_t44_names_in_certificates_do_not_act_on_the_terminal(self):
        evil = self.self_issued("evil", "/CN=a\033[31mb\u202ec", 9)
        for verb in (("list", evil), ("check", evil), ("import", evil, "--into", self.into)):
            status, out, err = run(*verb)
            self.assertEqual(status, 0)
            self.assertTrue(all(" " <= c <= "~" or c == "\n" for c in out + err))


if __name__ == "__main__":
    unittest.main()
