package io.drover.cli.completion;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** What can stand at the end of a command line, from the commands as they are declared. */
final class Completions {
    /** Programs of the launcher that the command itself does not know. */
    private static final List<String> PROGRAMS = List.of("agent", "controller", "demo", "lab");

    private final CommandLine root;

    Completions(CommandLine root) {
        this.root = root;
    }

    /** @param words those after "drover", the last one begun only (perhaps empty) */
    List<String> of(List<String> words) {
        if (words.isEmpty()) {
            return List.of();
        }
        String begun = words.get(words.size() - 1);
        CommandLine command = root;
        Optional<OptionSpec> open = Optional.empty();
        int positionals = 0;
        for (String word : words.subList(0, words.size() - 1)) {
            if (open.isPresent()) {
                open = Optional.empty();
            } else if (word.startsWith("-")) {
                open = Optional.ofNullable(command.getCommandSpec().findOption(word))
                        .filter(option -> option.arity().max() > 0);
            } else if (command.getSubcommands().containsKey(word)) {
                command = command.getSubcommands().get(word);
            } else {
                positionals++;
            }
        }
        return candidates(command, open, positionals, begun).filter(candidate -> candidate.startsWith(begun)).sorted()
                .distinct()
                .toList();
    }

    private Stream<String> candidates(CommandLine command, Optional<OptionSpec> open, int positionals, String begun) {
        if (open.isPresent()) {
            return values(open.get());
        }
        if (begun.startsWith("-")) {
            return command.getCommandSpec().options().stream().filter(option -> !option.hidden())
                    .map(OptionSpec::longestName);
        }
        List<Stream<String>> all = new ArrayList<>();
        command.getSubcommands().forEach((name, sub) -> {
            if (!sub.getCommandSpec().usageMessage().hidden()) {
                all.add(Stream.of(name));
            }
        });
        if (command.getParent() == null) {
            all.add(PROGRAMS.stream());
        }
        for (PositionalParamSpec parameter : command.getCommandSpec().positionalParameters()) {
            if (parameter.index().contains(positionals)) {
                all.add(values(parameter));
            }
        }
        return all.stream().flatMap(candidates -> candidates);
    }

    private static Stream<String> values(ArgSpec argument) {
        if (argument.completionCandidates() == null) {
            return Stream.empty();
        }
        boolean constants = argument.typeInfo().isEnum() || argument.auxiliaryTypes()[0].isEnum();
        return StreamSupport.stream(argument.completionCandidates().spliterator(), false)
                .map(value -> constants ? value.toLowerCase(Locale.ROOT) : value);
    }
}
