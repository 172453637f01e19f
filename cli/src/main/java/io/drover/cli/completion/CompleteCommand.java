package io.drover.cli.completion;

import io.drover.cli.Drover;
import io.drover.cli.ExitCode;
import io.drover.cli.Surroundings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What the completion scripts ask: the words so far, the last one unfinished; answers one candidate a line. */
@Command(name = "__complete", hidden = true)
public final class CompleteCommand implements Callable<Integer> {
    private static final Map<String, String> TOLD_BY = Map.of("--controller", "DROVER_CONTROLLER", "--tls-dir",
            "DROVER_TLS_DIR");

    private final Surroundings surroundings;

    @Parameters(arity = "0..*")
    private List<String> words = new ArrayList<>();

    CompleteCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        // Names come from the controller that the line itself speaks of.
        Map<String, String> environment = new HashMap<>(surroundings.environment());
        for (int i = 0; i + 2 < words.size(); i++) {
            if (TOLD_BY.containsKey(words.get(i))) {
                environment.put(TOLD_BY.get(words.get(i)), words.get(i + 1));
            }
        }
        Completions completions = new Completions(new Drover(surroundings.withEnvironment(environment)).commandLine());
        completions.of(words).forEach(surroundings.out()::println);
        return ExitCode.OK.number();
    }
}
