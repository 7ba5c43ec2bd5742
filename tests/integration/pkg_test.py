#!/usr/bin/env python3
"""trueboot-pkg from the outside: a vendor, a package, its verification, and every way to be refused.

usage: pkg_test.py TRUEBOOT_PKG"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOOL = os.path.abspath(sys.argv[1])
SOURCE = os.environ["TRUEBOOT_SOURCE"]
SPEC = {"name": "hello", "version": "1.2-3", "security_version": 3, "vendor": "Example Inc.",
        "level": "accepted", "kind": "software", "conflicts": {"goodbye": 0},
        "requires": {"zlib": 1, "base": 2}, "options": {"loglevel": "3", "console": "ttyS0 quiet"},
        "payloads": [{"kind": "file", "file": "a.txt"},
                     {"kind": "image", "file": "sub/b.img", "name": "data.img"}]}
KEYS = ["--key", "ours/signer.key", "--certs", "ours/signer.crt"]


def run(*args, code=0, env=None):
    done = subprocess.run([TOOL, *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})})
    assert done.returncode == code, (args, done.returncode, done.stdout, done.stderr)
    # OpenSSL's engine prints lines of its own.
    assert code == 0 or "\ntrueboot-pkg: " in "\n" + done.stderr, done.stderr
    return done.stdout if code == 0 else done.stderr


def spec(**changes):
    with open("spec.json", "w") as f:
        json.dump({k: v for k, v in {**SPEC, **changes}.items() if v is not None}, f)
    return "spec.json"


def prepare():
    os.mkdir("sub")
    with open("a.txt", "w") as f:
        f.write("hello\n")
    with open("sub/b.img", "wb") as f:
        f.write(bytes(range(256)) * 40)
    run("make-vendor", "ours", "--name", "Ours", "--level", "accepted")
    run("make-vendor", "other", "--name", "Other", "--algorithm", "rsa")
    assert "File exists" in run("make-vendor", "ours", code=2)
    assert "rsa or p384" in run("make-vendor", "none", "--algorithm", "dsa", code=2)
    assert os.stat("ours/signer.key").st_mode & 0o777 == 0o600


def a_package_is_built_shown_verified_and_extracted():
    run("build", spec(), *KEYS, "--out", "hello.tbp")
    shown = json.loads(run("inspect", "hello.tbp", "--json"))
    assert list(shown["requires"]) == ["base", "zlib"], shown
    assert shown["options"]["console"] == "ttyS0 quiet"
    run("build", spec(options={"cmdline": "x" * 1024}), *KEYS, "--out", "long.tbp")
    assert json.loads(run("inspect", "long.tbp", "--json"))["options"]["cmdline"] == "x" * 1024
    assert [p["name"] for p in shown["payloads"]] == ["a.txt", "data.img"]
    assert shown["claimed_signers"][0]["certificates"] == ["CN=Ours signer (accepted)"]
    assert "not verified" in run("inspect", "hello.tbp")
    assert "data.img" in run("list", "hello.tbp")
    assert subprocess.run(["tar", "tf", "hello.tbp"], capture_output=True, text=True).stdout.split() \
        == ["manifest", "signature", "a.txt", "data.img"]
    assert "signed by CN=Ours signer (accepted) (vendor CN=Ours root)" in \
        run("verify", "hello.tbp", "--vendor", "ours/root.crt")
    os.mkdir("out")
    run("extract", "hello.tbp", "--vendor", "ours/root.crt", "--to", "out")
    for name, file in (("a.txt", "a.txt"), ("data.img", "sub/b.img")):
        assert open(f"out/{name}", "rb").read() == open(file, "rb").read()


def the_manifest_is_reproducible():
    for name in ("one", "two"):
        run("build", spec(), *KEYS, "--out", name, env={"SOURCE_DATE_EPOCH": "1790000000"})
    assert run("inspect", "one").split("claimed")[0] == run("inspect", "two").split("claimed")[0]


def strangers_low_levels_and_changed_bytes_are_refused():
    assert "no trusted signer" in run("verify", "hello.tbp", "--vendor", "other/root.crt", code=1)
    assert "acceptance level" in run("verify", "hello.tbp", "--vendor", "ours/root.crt", "--level",
                                     "certified", code=1)
    run("build", spec(level="certified"), *KEYS, "--out", "proud.tbp")
    assert "acceptance level" in run("verify", "proud.tbp", "--vendor", "ours/root.crt", code=1)
    data = bytearray(open("hello.tbp", "rb").read())
    data[-1500] ^= 1  # in the last payload
    open("bad.tbp", "wb").write(data)
    assert "a payload is not what" in run("verify", "bad.tbp", "--vendor", "ours/root.crt", code=1)
    os.mkdir("none")
    run("extract", "bad.tbp", "--vendor", "ours/root.crt", "--to", "none", code=1)
    assert os.listdir("none") == []
    open("cut.tbp", "wb").write(data[:700])
    assert "not well formed" in run("inspect", "cut.tbp", code=1)
    # One bad package does not hide a good one, and the answer is no.
    run("verify", "hello.tbp", "bad.tbp", "--vendor", "ours/root.crt", code=1)


def a_second_signer_is_added():
    shutil.copy("hello.tbp", "both.tbp")
    run("sign", "both.tbp", "--key", "other/signer.key", "--certs", "other/signer.crt")
    shown = json.loads(run("inspect", "both.tbp", "--json"))["claimed_signers"]
    assert [s["algorithm"] for s in shown] == ["ecdsa-p384-sha512", "rsa-sha512"], shown
    for vendor in ("ours", "other"):
        run("verify", "both.tbp", "--vendor", f"{vendor}/root.crt")
    run("make-vendor", "third")
    assert "first" in run("sign", "both.tbp", "--key", "third/signer.key", "--certs",
                          "ours/signer.crt", code=2)
    with open("mixed.crt", "w") as f:
        f.write(open("third/signer.crt").read() + open("ours/signer.crt").read())
    assert "issued by the next" in run("sign", "both.tbp", "--key", "third/signer.key", "--certs",
                                       "mixed.crt", code=2)
    assert "for code signing" in run("sign", "both.tbp", "--key", "third/root.key", "--certs",
                                     "third/root.crt", code=2)
    assert "RSA" in run("sign", "both.tbp", "--key", "other/signer.key", "--certs",
                        "ours/signer.crt", code=2)


def revocations_are_signed_and_obeyed():
    with open("list", "w") as f:
        f.write("trueboot-revocations 1\nserial 1\nissued 2026-01-01T00:00:00Z\n"
                "package hello 3\nend\n")
    with open("both.crt", "w") as f:
        f.write(open("ours/root.crt").read() + open("other/root.crt").read())
    run("revoke", "list", "--key", "other/signer.key", "--certs", "other/signer.crt", "--out",
        "revocations")
    verify = ["verify", "hello.tbp", "--vendor", "both.crt", "--revocations"]
    assert "revoked" in run(*verify, "revocations", code=1)
    run("build", spec(security_version=4), *KEYS, "--out", "newer.tbp")
    run("verify", "newer.tbp", *verify[2:], "revocations")
    assert "no trusted signer" in run("verify", "hello.tbp", "--vendor", "ours/root.crt",
                                      "--revocations", "revocations", code=2)
    page = open(os.path.join(SOURCE, "docs/packages.md")).read()
    command = re.search(r"^openssl x509 .*$", page, re.M)[0]
    digest = subprocess.run(["sh", "-ec", command.replace("signer.crt", "ours/signer.crt")],
                            capture_output=True, text=True, check=True).stdout.split()[0]
    with open("keys", "w") as f:
        f.write("trueboot-revocations 1\nserial 2\nissued 2026-01-01T00:00:00Z\n"
                f"signer {digest}\nend\n")
    run("revoke", "keys", "--key", "other/signer.key", "--certs", "other/signer.crt", "--out",
        "lost")
    assert "revoked" in run("verify", "newer.tbp", *verify[2:], "lost", code=1)
    run("revoke", "list", *KEYS, "--out", "weak")  # may vouch for "accepted" only
    assert "certified" in run(*verify, "weak", code=2)


def the_page_of_documentation_is_true():
    """The commands of docs/packages.md, as they stand there."""
    page = open(os.path.join(SOURCE, "docs/packages.md")).read()
    block = page.split("```sh\n")[1].split("```")[0]
    os.mkdir("page")
    tool = os.path.dirname(TOOL)
    done = subprocess.run(["sh", "-ec", block], cwd="page", capture_output=True, text=True,
                          env={**os.environ, "PATH": f"{tool}:{os.environ['PATH']}"})
    assert done.returncode == 0 and "hello_1.0.tbp: good" in done.stdout, done
    assert os.listdir("page/out") == ["hello.sh"]


def wrong_descriptions_and_command_lines_are_named():
    for changes, text in (({"name": "Hello"}, "line 3"), ({"level": "best"}, "level"),
                          ({"extra": 1}, "extra: no such member"), ({"vendor": None}, "vendor"),
                          ({"options": {"cmdline": "x" * 1025}}, "an option's name and a value"),
                          ({"security_version": -1}, "security_version"),
                          ({"payloads": [{"kind": "efi", "file": "a.txt"}]}, "a.txt"),
                          ({"payloads": [{"kind": "file", "file": "absent"}]}, "absent"),
                          ({"payloads": [{"kind": "file", "file": "a.txt"}] * 2}, "each name once")):
        assert text in run("build", spec(**changes), *KEYS, "--out", "x", code=2), changes
        assert not os.path.exists("x")
    assert "--vendor" in run("verify", "hello.tbp", code=2)
    assert "no option --json" in run("verify", "hello.tbp", "--vendor", "ours/root.crt", "--json", code=2)
    assert "no such command" in run("frobnicate", code=2)
    assert "given twice" in run("list", "hello.tbp", "--to", "a", "--to", "b", code=2)
    assert "no such file" in run("verify", "hello.tbp", "--vendor", "absent", code=2)
    for command in ("inspect", "list"):
        assert "No such file" in run(command, "absent", code=2)
    assert "No such file" in run("verify", "hello.tbp", "absent", "--vendor", "ours/root.crt", code=2)
    assert "build" in run("help")


def help_manual_and_completion_name_the_same():
    text = run("help")
    commands = re.findall(r"^  ([a-z-]+) +", text.split("\n\n")[1], re.M)
    options = re.findall(r"^  --([a-z-]+)", text, re.M)
    assert len(commands) == 12 and "vendor" in options, (commands, options)
    manual = open(os.path.join(SOURCE, "docs/man/trueboot-pkg.1")).read()
    completion = open(os.path.join(SOURCE, "tools/pkg/completion.bash")).read()
    for command in commands:
        assert f".It Cm {command} " in manual and command in completion, command
    for option in options:
        assert option == "help" or f".It Fl -{option}" in manual, option
        assert f"--{option}" in completion, option


def a_key_behind_pkcs11_signs():
    module = "/usr/lib/softhsm/libsofthsm2.so"
    if not os.path.exists(module) or shutil.which("softhsm2-util") is None:
        print("skipped: softhsm2 is not installed")
        return
    os.makedirs("hsm/tokens")
    with open("hsm/conf", "w") as f:
        f.write(f"directories.tokendir = {os.getcwd()}/hsm/tokens\n")
    env = {"SOFTHSM2_CONF": os.path.abspath("hsm/conf"), "PKCS11_MODULE_PATH": module}
    for args in (["--init-token", "--free", "--label", "t", "--pin", "1234", "--so-pin", "1234"],
                 ["--import", "ours/signer.key", "--token", "t", "--label", "s", "--id", "01",
                  "--pin", "1234"]):
        subprocess.run(["softhsm2-util", *args], check=True, capture_output=True,
                       env={**os.environ, **env})
    run("build", spec(), "--key", "pkcs11:token=t;object=s;pin-value=1234", "--certs",
        "ours/signer.crt", "--out", "hsm.tbp", env=env)
    run("verify", "hsm.tbp", "--vendor", "ours/root.crt")
    assert "private key" in run("build", spec(), "--key", "pkcs11:token=t;object=absent;pin-value=1234",
                                "--certs", "ours/signer.crt", "--out", "x", code=2, env=env)


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    prepare()
    for test in (a_package_is_built_shown_verified_and_extracted, the_manifest_is_reproducible,
                 strangers_low_levels_and_changed_bytes_are_refused, a_second_signer_is_added,
                 revocations_are_signed_and_obeyed, the_page_of_documentation_is_true,
                 wrong_descriptions_and_command_lines_are_named,
                 help_manual_and_completion_name_the_same, a_key_behind_pkcs11_signs):
        test()
        print("ok", test.__name__)
    os.chdir("/")
