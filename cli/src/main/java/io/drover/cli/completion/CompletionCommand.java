package io.drover.cli.completion;

import io.drover.cli.ExitCode;
import io.drover.cli.Surroundings;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The scripts only ask `drover __complete`, so they never grow old. */
@Command(name = "completion", description = "Print the completion script for a shell.", footer = {"",
        "bash: source <(drover completion bash)", "zsh:  source <(drover completion zsh), after compinit"})
public final class CompletionCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
    private Shell shell = Shell.BASH;

    /** Which shells there are scripts for. */
    enum Shell {
        BASH, ZSH
    }

    CompletionCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws IOException {
        String resource = "completion." + shell.name().toLowerCase(Locale.ROOT);
        try (InputStream script = Optional.ofNullable(CompletionCommand.class.getResourceAsStream(resource))
                .orElseThrow()) {
            script.transferTo(surroundings.out());
        }
        return ExitCode.OK.number();
    }
}
