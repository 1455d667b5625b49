#compdef attune
# zsh completion for attune. Put `source <(attune completion zsh)` into ~/.zshrc after compinit, or this file as _attune into $fpath.
_attune() {
    local line directive=""
    local -a described nospace
    for line in "${(@f)$("${words[1]}" __complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            "") ;;
            :*) directive=$line ;;
            *$'\t'*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
            *) described+=("${line//:/\\:}") ;;
        esac
    done

    case $directive in
        :file) compset -P '*=@' || compset -P '*='; _files ;;
        :directory) _files -/ ;;
        :nospace) _describe attune described -S '' ;;
        *) _describe attune described ;;
    esac
}

if [[ ${funcstack[1]} == _attune ]]; then
    _attune "$@"
else
    compdef _attune attune
fi
