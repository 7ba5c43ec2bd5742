# bash completion for trueboot-sbv
_trueboot_sbv()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local options="--check --complete --db --dbx --esp --events --help --level --no-tpm --rescue --root --run --set --state --status --tcti --vendors --version"

    case $before in
    --level) mapfile -t COMPREPLY < <(compgen -W "certified accepted partner community" -- "$word") ;;
    --set) mapfile -t COMPREPLY < <(compgen -W "a b" -- "$word") ;;
    --esp | --root | --run | --state) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --db | --dbx | --events | --vendors) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --tcti) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    esac
}
complete -o filenames -F _trueboot_sbv trueboot-sbv
