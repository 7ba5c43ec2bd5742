#!/bin/bash
# Credentials made in software are opened by a real TPM (an emulated one), and only by the right key:
# RSA and ECC endorsement keys, low and high range. T-21, T-17 (the emulator's own templates).
# Usage: credential.sh MAKE_CREDENTIAL. Exits 77 (skipped) where the tools are absent.
set -u
make_credential=$(realpath "$1") || exit 1
for tool in swtpm swtpm_setup tpm2_createek tpm2_activatecredential; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
dir=$(mktemp -d) || exit 1
swtpm_pid=
finish() {
    [ -n "$swtpm_pid" ] && kill "$swtpm_pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
cd "$dir" || exit 1
fail() { echo "FAILED: $*"; exit 1; }

# Everything stays in the folder: swtpm_setup's CA too.
mkdir state ca
cat >options <<END
--tpm-manufacturer id:00001014 --tpm-version id:20191023 --tpm-model swtpm
END
printf 'statedir = %s/ca\nsigningkey = %s/ca/key.pem\nissuercert = %s/ca/cert.pem\ncertserial = %s/ca/serial\n' \
    "$dir" "$dir" "$dir" "$dir" >localca.conf
printf 'create_certs_tool= %s\ncreate_certs_tool_config = %s/localca.conf\ncreate_certs_tool_options = %s/options\n' \
    "$(command -v swtpm_localca || echo /usr/share/swtpm/swtpm-localca)" "$dir" "$dir" >setup.conf
swtpm_setup --tpm2 --tpmstate state --config setup.conf --create-ek-cert --ecc --overwrite \
    >setup.log 2>&1 || fail "swtpm_setup: $(tail -3 setup.log)"

for try in 1 2 3 4 5; do
    port=$((20000 + (RANDOM % 20000) * 2))
    swtpm socket --tpm2 --tpmstate dir=state --flags not-need-init,startup-clear \
        --server type=tcp,port=$port,bindaddr=127.0.0.1 \
        --ctrl type=tcp,port=$((port + 1)),bindaddr=127.0.0.1 >swtpm.log 2>&1 &
    swtpm_pid=$!
    export TPM2TOOLS_TCTI="swtpm:host=127.0.0.1,port=$port"
    for wait in $(seq 50); do
        tpm2_getcap properties-fixed >/dev/null 2>&1 && break 2
        kill -0 $swtpm_pid 2>/dev/null || break
        sleep 0.1
    done
    kill $swtpm_pid 2>/dev/null
    [ "$try" = 5 ] && fail "swtpm does not answer: $(cat swtpm.log)"
done

head -c 32 /dev/urandom >secret
activate() { # credential, ak, ek, range: the opened secret is the file "opened"
    rm -f opened
    if [ "$4" = high ]; then # userWithAuth: the endorsement password, which is empty
        tpm2_activatecredential -c "$2" -C "$3" -i "$1" -o opened >activate.log 2>&1
        return
    fi
    tpm2_startauthsession --policy-session -S session.ctx >/dev/null 2>&1 || return 1
    tpm2_policysecret -S session.ctx -c e >/dev/null 2>&1
    tpm2_activatecredential -c "$2" -C "$3" -i "$1" -o opened -P "session:session.ctx" \
        >activate.log 2>&1
    local code=$?
    tpm2_flushcontext session.ctx >/dev/null 2>&1
    return $code
}

n=0
for kind in rsa ecc ecc384; do
    tpm2_createek -G $kind -u ek.$kind.tss -c ek.$kind.ctx -f tss >/dev/null 2>&1 ||
        fail "createek $kind"
    tpm2_flushcontext -t
    # Two keys to attest with; the credential is for the first one.
    for ak in one:o other:e; do
        tpm2_createprimary -C ${ak#*:} -G ecc256:ecdsa-sha256:null -c ${ak%:*}.ctx -Q \
            -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda" ||
            fail "createprimary $ak"
        tpm2_flushcontext -t
    done
    tpm2_readpublic -c one.ctx -n one.name -Q || fail "readpublic"
    tpm2_flushcontext -t
    "$make_credential" ek.$kind.tss one.name secret cred || fail "make_credential $kind: $?"
    range=low
    [ $kind = ecc384 ] && range=high
    activate cred one.ctx ek.$kind.ctx $range || fail "$kind: activation: $(cat activate.log)"
    cmp -s opened secret || fail "$kind: another secret"
    tpm2_flushcontext -t
    activate cred other.ctx ek.$kind.ctx $range && fail "$kind: another key opened it"
    tpm2_flushcontext -t
    echo "$kind: opened by the right key, refused for another"
    n=$((n + 1))
done
echo "$n kinds of endorsement key"
[ "$n" = 3 ]
