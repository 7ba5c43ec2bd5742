# bash completion for trueboot-pkg
_trueboot_pkg()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local commands="build extract inspect install list make-vendor predict remove revoke sign update verify help" options=

    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
        return
    fi
    case $before in
    --algorithm) mapfile -t COMPREPLY < <(compgen -W "rsa p384" -- "$word") && return ;;
    --level) mapfile -t COMPREPLY < <(compgen -W "certified accepted partner community" -- "$word") && return ;;
    --set) mapfile -t COMPREPLY < <(compgen -W "a b" -- "$word") && return ;;
    --to | --esp) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
    esac
    case ${COMP_WORDS[1]} in
    build | revoke) options="--key --certs --out --date" ;;
    extract) options="--vendor --level --revocations --to" ;;
    inspect) options="--json" ;;
    install | remove | update) options="--esp --set --vendor --level --revocations" ;;
    list) options="--esp --vendor --json" ;;
    predict) options="--esp --set --log --compare --user-log --json" ;;
    make-vendor) options="--name --algorithm --level --date" ;;
    sign) options="--key --certs --date" ;;
    verify) options="--vendor --level --revocations" ;;
    esac
    case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    esac
}
complete -o filenames -F _trueboot_pkg trueboot-pkg
