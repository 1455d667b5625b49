# fish completion for attune. Put it into place with: attune completion fish > ~/.config/fish/completions/attune.fish
function __attune_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete fish $words[2..-1] 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path (string replace -r '^.*=@?' '' -- (commandline -ct))
            case ':directory'
                __fish_complete_directories (commandline -ct)
            case ':*'
            case '*'
                echo $line
        end
    end
end

complete -c attune -f -a '(__attune_complete)'
