# Completion of drover for bash: source <(drover completion bash)
_drover() {
    # bash splits words at '=' and ':'; drover wants those of the user.
    local line=${COMP_LINE:0:COMP_POINT} words=() whole there
    IFS=$' \t\n' read -r -a words <<<"$line"
    [[ $line != *[[:blank:]] ]] || words+=("")
    mapfile -t COMPREPLY < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
    # What bash took for the words before the last '=' or ':' is there already.
    whole=${words[${#words[@]} - 1]}
    there=${whole%"${COMP_WORDS[COMP_CWORD]}"}
    COMPREPLY=("${COMPREPLY[@]#"$there"}")
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _drover drover ./drover
