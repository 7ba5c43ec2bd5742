# bash completion of trueboot(1)
_trueboot() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
    local options="--url --token-file --ca --config --json --colour --help"
    case $before in
    --token-file | --config | --output | --into | --policy | --quoted | --dbx | --sbat | -o | -p | -q | -t)
        mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    --verdict) words="trusted changed failed not-capable pending stale unreachable" ;;
    --role) words="viewer operator admin auditor" ;;
    --colour) words="auto always never" ;;
    --sort) words="name verdict since last_seen" ;;
    --maintenance) words="on off" ;;
    *)
        if ((COMP_CWORD == 1)); then
            words="api-token attest audit clusters ek enrol-token export findings help host incident log
                policy report roots server verify version"
        elif ((COMP_CWORD == 2)); then
            case $before in
            api-token) words="create list revoke" ;;
            clusters) words="diff" ;;
            ek) words="allow disallow list" ;;
            enrol-token) words="list revoke --label --group --uses --expires" ;;
            host) words="accept-firmware accept-rollback approve attest diff history list packages refuse
                remove replace-tpm set show" ;;
            incident) words="acknowledge list" ;;
            log) words="diff pcrs show" ;;
            policy) words="check revocations set show try" ;;
            roots) words="check import list" ;;
            server) words="init run" ;;
            esac
        fi
        case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
        "api-token create") words+=" --role --label --expires" ;;
        "enrol-token "*) words+=" --label --group --uses --expires" ;;
        "ek allow") words+=" --group --note" ;;
        "host list") words+=" --verdict --group --search --sort" ;;
        "host diff") words+=" --from --to" ;;
        "host accept-firmware" | "host accept-rollback" | "host approve") words+=" --evidence" ;;
        "host set") words+=" --group --name --maintenance" ;;
        "host attest" | "attest "*) words+=" --wait --timeout --self" ;;
        "incident list") words+=" --open" ;;
        "incident acknowledge") words+=" --until --note" ;;
        "log pcrs") words+=" --quoted" ;;
        "policy revocations") words+=" --dbx --sbat" ;;
        "roots import") words+=" --into --sha256 --allow-intermediates --allow-sha1 --vendor --source" ;;
        "export "*) words+=" --output" ;;
        "verify "*) words+=" --ak --policy --self" ;;
        esac
        case "${COMP_WORDS[1]}" in
        log | policy | roots | verify) ((COMP_CWORD > 1)) && [[ $word != -* ]] &&
            mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        esac
        [[ $word == -* ]] && words+=" $options"
        ;;
    esac
    local more
    mapfile -t more < <(compgen -W "$words" -- "$word")
    COMPREPLY+=("${more[@]}")
}
complete -F _trueboot trueboot
