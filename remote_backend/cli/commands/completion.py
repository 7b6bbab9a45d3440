"""The command `completion`: what a shell needs to complete commands, flags and workspaces."""

import click

from remote_backend.cli.completion import completions
from remote_backend.cli.help import Guide
from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import TerraformCommand
from remote_backend.config.environment import process_environ

__all__ = ("completion",)

# Each asks `completion words`, which gets the words up to the cursor without the program.
_BASH = r"""
_remote_backend() {
    local word current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r word; do
        # Readline takes the part behind the equals sign for a word of its own.
        [[ $word == -*=?* && $COMP_WORDBREAKS == *=* ]] && word=${word#*=}
        COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -F _remote_backend remote-backend
"""
_ZSH = r"""
#compdef remote-backend
_remote_backend() {
    local -a found open closed
    found=("${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    open=(${(M)found:#*=}) closed=(${found:#*=})
    (( $#open )) && compadd -S '' -- $open
    (( $#closed )) && compadd -- $closed
    (( $#open + $#closed )) || { compset -P '-*='; _files }
}
compdef _remote_backend remote-backend
"""
_FISH = r"""
function __remote_backend
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion words -- $words[2..-1] 2>/dev/null
end
complete -c remote-backend -a '(__remote_backend)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command(
    "completion",
    cls=TerraformCommand,
    short_help="Print a script that completes commands in a shell.",
    guide=Guide(
        examples=(
            ('eval "$(remote-backend completion bash)"', "in ~/.bashrc"),
            ('eval "$(remote-backend completion zsh)"', "in ~/.zshrc"),
            ("remote-backend completion fish | source", "in config.fish"),
        ),
    ),
)
@click.argument("shell", type=click.Choice([*_SCRIPTS, "words"]), metavar="bash|zsh|fish")
@click.argument("words", nargs=-1, metavar="", type=click.UNPROCESSED)
@click.pass_context
def completion(context: click.Context, shell: str, words: tuple[str, ...]) -> int:
    """Print a script for a shell, which then completes commands, flags and workspaces.

    Workspaces are those of earlier batches of the directory; no request is sent.
    """
    if shell != "words":
        echo(_SCRIPTS[shell].strip())
        return 0
    for word in completions(context.find_root(), words, process_environ()):
        echo(word)
    return 0
