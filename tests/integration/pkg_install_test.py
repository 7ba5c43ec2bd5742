#!/usr/bin/env python3
"""trueboot-pkg on the boot sets of a host: what is installed, what is refused, and what a power cut
leaves.

usage: pkg_install_test.py TRUEBOOT_PKG CUT_SO"""
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boot_sets import World, tree  # noqa: E402

TOOL, CUT = (os.path.abspath(path) for path in sys.argv[1:3])


def change(command, esp, *args, code=0, env=None):
    return world.run(command, *args, "--esp", esp, "--vendor", "vendor/root.crt", code=code, env=env)


def fresh(name="esp", conf="default a\ngood a\n"):
    shutil.rmtree(name, ignore_errors=True)
    return world.esp(name, ["base_1.tbp", "trueboot-loader_1.tbp"], conf=conf)


def conf(esp):
    return open(f"{esp}/trueboot/boot.conf").read().splitlines()[1:-1]


def names(esp, letter):
    folder = f"{esp}/trueboot/{letter}"
    return sorted(os.listdir(folder)) if os.path.exists(folder) else []


def sets(esp, *args):
    return {s["set"]: s for s in json.loads(world.run("list", "--esp", esp, "--json", *args))}


def a_package_is_installed_into_the_other_set():
    esp = fresh()
    before = tree(esp)
    assert "set b is complete: 3 packages" in change("install", esp, "hello_1.tbp")
    assert names(esp, "b") == ["base_1.tbp", "hello_1.tbp", "trueboot-loader_1.tbp"]
    assert conf(esp) == ["default b", "good a"]
    after = tree(esp)
    assert {k: v for k, v in after.items() if not k.startswith("trueboot/b/")} == {
        **before, "trueboot/boot.conf": after["trueboot/boot.conf"]}
    for name in names(esp, "b"):
        assert after[f"trueboot/b/{name}"] == open(name, "rb").read()


def packages_are_updated_and_removed():
    esp = fresh()
    change("install", esp, "hello_1.tbp")
    with open(f"{esp}/trueboot/boot.conf", "w") as f:  # it came up
        f.write("trueboot-boot 1\ndefault b\ngood a\ngood b\nquiet\nappend x=1\nend\n")
    change("update", esp, "hello_2.tbp", "base_2.tbp")
    assert names(esp, "a") == ["base_2.tbp", "hello_2.tbp", "trueboot-loader_1.tbp"]
    assert conf(esp) == ["default a", "good b", "quiet", "append x=1"]
    change("remove", esp, "hello", "--set", "b")
    assert names(esp, "b") == ["base_2.tbp", "trueboot-loader_1.tbp"]
    assert conf(esp) == ["default b", "quiet", "append x=1"]


def the_loader_is_replaced_with_its_package():
    esp = fresh()
    change("update", esp, "trueboot-loader_2.tbp")
    assert open(f"{esp}/EFI/BOOT/BOOTX64.EFI", "rb").read() == world.program("2")
    assert os.listdir(f"{esp}/EFI/BOOT") == ["BOOTX64.EFI"]


def the_set_that_is_the_only_good_one_is_never_written_to():
    for text, target in (("default a\ngood a\n", "b"), ("default b\ngood a\n", "b"),
                         ("default a\ngood a\ngood b\n", "b"), ("default a\n", "b")):
        esp = fresh(conf=text)
        change("install", esp, "hello_1.tbp")
        assert "hello_1.tbp" in names(esp, target), text
    esp = fresh(conf="default b\ngood b\n")
    os.rename(f"{esp}/trueboot/a", f"{esp}/trueboot/b")
    change("install", esp, "hello_1.tbp")
    assert "hello_1.tbp" in names(esp, "a") and conf(esp) == ["default a", "good b"]


def the_set_that_runs_is_never_written_to():
    with open("cmdline", "w") as f:
        f.write("quiet trueboot.set=b root=x trueboot.set=a\n")  # the loader's own stands last
    env = {"LD_PRELOAD": CUT, "COMMAND_LINE": "cmdline"}
    esp = two_sets()
    before = tree(esp)
    error = change("update", esp, "hello_2.tbp", "--set", "a", code=2, env=env)
    assert "--set: set a runs" in error, error
    assert tree(esp) == before, "something was written"
    for more in ["--set", "b"], []:
        esp = two_sets()
        change("install", esp, world.build("more", []), *more, env=env)
        assert "more_1.tbp" in names(esp, "b") and conf(esp) == ["default b", "good a"], conf(esp)


def the_list_tells_both_sets():
    esp = fresh()
    change("install", esp, "hello_1.tbp")
    told = sets(esp, "--vendor", "vendor/root.crt")
    assert told["b"]["default"] and not told["b"]["good"]
    assert told["a"]["good"] and not told["a"]["default"]
    hello = told["b"]["packages"][1]
    assert hello == {"name": "hello", "version": "1", "security_version": 1, "kind": "software",
                     "level": "community", "signer": "CN=Vendor signer (certified)",
                     "trusted": True}, hello
    assert not sets(esp, "--vendor", "low/root.crt")["a"]["packages"][0]["trusted"]
    assert sets(esp)["a"]["packages"][0]["trusted"] is None
    text = world.run("list", "--esp", esp)
    assert "set a, good\n" in text and "set b, default\n" in text and "claims CN=Vendor" in text
    assert "expected FILE or --esp" in world.run("list", code=2)
    assert "expected FILE or --esp" in world.run("list", "hello_1.tbp", "--esp", esp, code=2)


def refused(command, *args, says, code=1, conf_text="default a\ngood a\n", prepare=None):
    esp = fresh(conf=conf_text)
    if prepare is not None:
        prepare(esp)
    before = tree(esp)
    error = change(command, esp, *args, code=code)
    assert says in error, error
    assert tree(esp) == before, "something was written"


def what_may_not_be_installed_is_refused_and_nothing_is_written():
    refused("install", "hello_1.tbp", "hello_2.tbp", says="is there; use update")
    refused("install", "base_2.tbp", says="is there; use update")
    refused("update", "hello_1.tbp", says="use install")
    refused("remove", "hello", says="no such package in set a")
    refused("remove", "base", says="expected a base package")
    refused("remove", "trueboot-loader", says="expected the package trueboot-loader")
    refused("install", world.build("other", [], signer="low"), says="no trusted signer")
    refused("install", world.hello("3", level="certified"), "--vendor", "low/root.crt", code=2,
            says="given twice")
    refused("install", world.hello("3"), "--level", "certified", says="acceptance level")
    refused("install", world.build("second", [], kind="base"), says="one base package")
    refused("install", world.hello("4", conflicts={"base": 0}), says="no base of security version 0")
    refused("install", world.hello("4", requires={"base": 2}), says="a base of security version 2")
    refused("install", world.hello("4", requires={"absent": 0}), says="a absent of security version")
    refused("update", world.base("0", security_version=0), says="at least 1, as is installed")
    refused("install", "absent.tbp", says="No such file", code=2)
    with open("cut.tbp", "wb") as f:
        f.write(open("hello_1.tbp", "rb").read()[:-600])
    refused("install", "cut.tbp", says="hello_1.tbp")
    data = bytearray(open("hello_1.tbp", "rb").read())
    data[data.index(b"#!/bin/sh")] ^= 1
    with open("changed.tbp", "wb") as f:
        f.write(data)
    refused("install", "changed.tbp", says="a payload is not what")


def a_set_whose_metadata_no_agent_could_send_is_refused():
    options = {f"o{i:02}": "x" * 1000 for i in range(32)}
    many = [world.build(f"verbose-{i}", [], options=options) for i in range(14)]
    change("install", fresh(), *many[:10])
    refused("install", *many, says="metadata of the set: expected at most 424960 bytes")


def b08_what_adds_to_the_initrd_is_of_the_bases_level():
    certified = world.base("9", level="certified")

    def replace(esp):
        os.remove(f"{esp}/trueboot/a/base_1.tbp")
        shutil.copy(certified, f"{esp}/trueboot/a")

    early = world.build("early", [("initrd", "early.cpio", b"cpio")])
    change("install", fresh(), early)
    refused("install", early, prepare=replace, says="acceptance level")


def what_is_wrong_on_the_partition_is_told_and_nothing_is_written():
    def changed(esp):
        path = f"{esp}/trueboot/a/base_1.tbp"
        data = bytearray(open(path, "rb").read())
        data[data.index(b"cpio 1")] ^= 1
        open(path, "wb").write(data)

    def malformed(esp):
        open(f"{esp}/trueboot/boot.conf", "a").write("\n")

    def foreign(esp):
        open(f"{esp}/trueboot/a/README", "w").write("x")

    def renamed(esp):
        os.rename(f"{esp}/trueboot/a/base_1.tbp", f"{esp}/trueboot/a/base_2.tbp")

    refused("install", "hello_1.tbp", prepare=changed, says="a payload is not what")
    refused("install", "hello_1.tbp", prepare=malformed, says="boot.conf", code=2)
    refused("install", "hello_1.tbp", prepare=foreign, says="README", code=2)
    refused("install", "hello_1.tbp", prepare=renamed, says="expected the name base_1.tbp", code=2)
    refused("install", "hello_1.tbp", "--set", "c", says="--set: a or b", code=2)


def a_set_that_would_not_come_up_is_not_switched_to():
    esp = fresh()
    with open(f"{esp}/EFI/BOOT/other.efi", "wb") as f:
        f.write(b"MZ")
    error = change("install", esp, "hello_1.tbp", code=1)
    assert "/EFI/BOOT/other.efi" in error and "set b would not come up" in error, error
    assert conf(esp) == ["default a", "good a"]
    esp = fresh()
    demanding = world.base("3", options={"cmdline": "trueboot.level=certified"})
    error = change("update", esp, demanding, code=1)
    assert "acceptance level" in error and "set b would not come up" in error, error
    assert conf(esp) == ["default a", "good a"]


def t44_names_on_the_partition_do_not_act_in_a_terminal():
    for place, code in ("trueboot/a", 2), ("EFI/BOOT", 1):
        esp = fresh()
        with open(f"{esp}/{place}/x\x1b[2J_1.tbp", "wb") as f:
            f.write(b"x")
        error = change("install", esp, "hello_1.tbp", code=code)
        assert "x?[2J_1.tbp" in error and "\x1b" not in error, error
        done = subprocess.run([TOOL, "predict", "--esp", esp], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 1 and "x?[2J_1.tbp" in done.stderr, done
        assert "\x1b" not in done.stdout + done.stderr, done


def revocations_on_the_partition_are_obeyed():
    with open("list", "w") as f:
        f.write("trueboot-revocations 1\nserial 1\nissued 2026-01-01T00:00:00Z\npackage hello 1\nend\n")
    world.run("revoke", "list", "--key", "vendor/signer.key", "--certs", "vendor/signer.crt",
              "--out", "revocations")

    def revoke(esp):
        for name in ("revocations", "revocations.sig"):
            shutil.copy(name, f"{esp}/trueboot/{name}")

    refused("install", "hello_1.tbp", prepare=revoke, says="revoked")
    esp = fresh()
    revoke(esp)
    change("install", esp, world.hello("5", security_version=2))


def two_changes_at_once_are_refused():
    esp = fresh()
    fd = os.open(esp, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    assert "changed by somebody else" in change("install", esp, "hello_1.tbp", code=2)
    os.close(fd)
    change("install", esp, "hello_1.tbp")
    assert "No such file" in change("install", "absent", "hello_1.tbp", code=2)


def starts(esp):
    """The set that boot.conf names, and each that may be fallen back to, is whole. Its letter."""
    lines = conf(esp)
    default = lines[0].split()[1]
    for letter in {default, *(line.split()[1] for line in lines if line.startswith("good"))}:
        packages = names(esp, letter)
        assert any(name.startswith("base_") for name in packages), (letter, packages)
        assert any(name.startswith("trueboot-loader_") for name in packages), (letter, packages)
        world.run("verify", *(f"{esp}/trueboot/{letter}/{name}" for name in packages), "--vendor",
                  "vendor/root.crt")
        world.run("predict", "--esp", esp, "--set", letter)  # loader and Verifier take it
    world.run("predict", "--esp", esp)
    loader = open(f"{esp}/EFI/BOOT/BOOTX64.EFI", "rb").read()
    assert loader in (world.program("1"), world.program("2")), "half a loader"
    outside = sorted(path for path in tree(esp) if not path.startswith(("trueboot/a/", "trueboot/b/")))
    assert set(outside) - {"trueboot/boot.conf.new"} == {"EFI/BOOT/BOOTX64.EFI",
                                                         "trueboot/boot.conf"}, outside
    return default


def cut_at_each_step(prepare, *args):
    """Killed at each call that changes the disk, and in the middle of each that writes. What boot.conf
    named as the set to start after each."""
    defaults = []
    while True:
        esp = prepare()
        done = subprocess.run([TOOL, *args, "--esp", esp, "--vendor", "vendor/root.crt"],
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LD_PRELOAD": CUT, "CUT_AT": str(len(defaults))})
        if done.returncode == 0:
            assert len(defaults) > 20, defaults
            return defaults
        assert done.returncode == -9, (defaults, done)
        defaults.append(starts(esp))


def two_sets():
    esp = fresh()
    change("install", esp, "hello_1.tbp")
    with open(f"{esp}/trueboot/boot.conf", "w") as f:
        f.write("trueboot-boot 1\ndefault b\ngood a\ngood b\nend\n")
    return esp


def two_sets_and_a_change_that_never_came_up():
    esp = two_sets()
    change("update", esp, "trueboot-loader_2.tbp")
    return esp


def a_power_cut_at_any_step_leaves_a_set_that_starts():
    defaults = cut_at_each_step(two_sets, "update", "hello_2.tbp", "trueboot-loader_2.tbp")
    assert "".join(defaults) == "b" * defaults.count("b") + "a" * defaults.count("a"), defaults
    assert starts("esp") == "a" and names("esp", "b") == ["base_1.tbp", "hello_1.tbp",
                                                         "trueboot-loader_1.tbp"]


def so_does_one_in_a_change_that_takes_the_place_of_another():
    assert "set a held a change" in change("update", two_sets_and_a_change_that_never_came_up(),
                                           "base_2.tbp")
    assert names("esp", "a") == ["base_2.tbp", "hello_1.tbp", "trueboot-loader_1.tbp"]
    assert open("esp/EFI/BOOT/BOOTX64.EFI", "rb").read() == world.program("1")
    cut_at_each_step(two_sets_and_a_change_that_never_came_up, "update", "base_2.tbp")
    assert starts("esp") == "a"


def what_is_renamed_is_on_the_disk_before_the_next_step():
    """FAT: the file by itself, whose entry says where it begins, and then the directory."""
    esp = two_sets()
    calls = os.path.abspath("calls")
    change("update", esp, "hello_2.tbp", "trueboot-loader_2.tbp",
           env={"LD_PRELOAD": CUT, "CALLS": calls})
    root = os.path.abspath(esp)
    told = [line.split()[0] + " " + os.path.abspath(line.split()[1]) for line in open(calls)]
    renamed = [i for i, line in enumerate(told) if line.startswith("rename ")]
    assert [told[i] for i in renamed] == [f"rename {root}/{name}" for name in (
        "trueboot/boot.conf", "EFI/BOOT/BOOTX64.EFI", "trueboot/boot.conf")], told
    for i in renamed:
        path = told[i].split()[1]
        assert told[i + 1:i + 3] == [f"fsync {path}", f"fsync {os.path.dirname(path)}"], told[i:]


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    world = World(TOOL)
    for make in (world.base, world.loader, world.hello):
        make("1"), make("2")
    for test in (a_package_is_installed_into_the_other_set, packages_are_updated_and_removed,
                 the_loader_is_replaced_with_its_package,
                 the_set_that_is_the_only_good_one_is_never_written_to,
                 the_set_that_runs_is_never_written_to, the_list_tells_both_sets,
                 what_may_not_be_installed_is_refused_and_nothing_is_written,
                 a_set_whose_metadata_no_agent_could_send_is_refused,
                 b08_what_adds_to_the_initrd_is_of_the_bases_level,
                 what_is_wrong_on_the_partition_is_told_and_nothing_is_written,
                 a_set_that_would_not_come_up_is_not_switched_to,
                 t44_names_on_the_partition_do_not_act_in_a_terminal,
                 revocations_on_the_partition_are_obeyed, two_changes_at_once_are_refused,
                 a_power_cut_at_any_step_leaves_a_set_that_starts,
                 so_does_one_in_a_change_that_takes_the_place_of_another,
                 what_is_renamed_is_on_the_disk_before_the_next_step):
        test()
        print("ok", test.__name__)
    os.chdir("/")
