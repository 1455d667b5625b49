# bash completion for attune. For every shell: put `source <(attune completion bash)` into ~/.bashrc.
_attune() {
    local line directive="" current="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :*) directive=$line ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)

    [[ $current == [=:@] ]] && current=""
    current=${current#@}
    case $directive in
        :file)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            compopt -o filenames 2>/dev/null
            ;;
        :directory)
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            compopt -o filenames 2>/dev/null
            ;;
        :nospace)
            compopt -o nospace 2>/dev/null
            ;;
    esac
}
complete -F _attune attune
