package io.drover.cli;

import io.drover.cli.ca.CaCommand;
import io.drover.cli.completion.CompleteCommand;
import io.drover.cli.completion.CompletionCommand;
import io.drover.cli.host.HostCommand;
import io.drover.cli.cpumodel.CpuModelCommand;
import io.drover.cli.image.ImageCommand;
import io.drover.cli.migration.MigrationCommand;
import io.drover.cli.option.Converters;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.task.TaskCommand;
import io.drover.cli.vm.VmCommand;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The whole command, wired to its surroundings. */
public final class Drover {
    private static final int WIDEST_HELP = 110;

    private final Surroundings surroundings;

    /** The words that come first. */
    @Command(name = "drover", description = "Runs a private cloud: VMs, the hosts they run on, their images and tasks.",
            subcommands = {
                    VmCommand.class, HostCommand.class, ImageCommand.class, CpuModelCommand.class,
                    MigrationCommand.class,
                    TaskCommand.class,
                    CaCommand.class,
                    CompletionCommand.class, CompleteCommand.class, VersionCommand.class,
                    TrainCommand.class},
            mixinStandardHelpOptions = false, synopsisSubcommandLabel = "COMMAND", footerHeading = "%nPrograms:%n",
            footer = {
                    "  controller  The central service: the API, the scheduler, the records.",
                    "  agent       Runs the VMs of one host.", "  lab         Emulated hosts with a real /dev/kvm.",
                    "  demo        A whole cloud in one temporary folder, from nothing to a VM's shell and back.", "",
                    "Each command tells more with --help. Exit codes: 0 ok, 1 error, 2 cannot be placed, 3 conflict,",
                    "4 not found, 5 denied, 6 timed out, 7 partly done."})
    static final class Root {}

    public Drover(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** Runs one command and returns its exit code. Nothing is thrown, whatever happens. */
    public int run(String... arguments) {
        return commandLine().execute(arguments);
    }

    /** The commands, for those that ask about them: completion. */
    public CommandLine commandLine() {
        CommandLine command = new CommandLine(new Root(), new SurroundedFactory(surroundings));
        Converters.register(command);
        command.setOut(new PrintWriter(surroundings.out(), true, StandardCharsets.UTF_8));
        command.setErr(new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8));
        command.setColorScheme(CommandLine.Help.defaultColorScheme(
                surroundings.style(Surroundings.Descriptor.OUT) == io.drover.cli.output.Style.PLAIN
                        ? CommandLine.Help.Ansi.OFF
                        : CommandLine.Help.Ansi.ON));
        command.setUsageHelpWidth(WIDEST_HELP);
        command.setAbbreviatedOptionsAllowed(false);
        command.setExecutionExceptionHandler((exception, failed, parsed) -> report(exception, failed));
        command.setParameterExceptionHandler((exception, arguments) -> misused(exception, arguments));
        command.setExecutionStrategy(parsed -> {
            int code = new CommandLine.RunLast().execute(parsed);
            surroundings.out().flush();
            return code;
        });
        addHelp(command);
        return command;
    }

    /** --help everywhere, and a group without a command explains itself. */
    private static void addHelp(CommandLine command) {
        command.getCommandSpec().addOption(CommandLine.Model.OptionSpec.builder("-h", "--help").usageHelp(true)
                .description("Show this help.").build());
        command.getSubcommands().values().forEach(Drover::addHelp);
    }

    private int report(Exception exception, CommandLine failed) {
        Failure failure = switch (exception) {
            case Failure expected -> expected;
            case InterruptedException interrupted -> {
                Thread.currentThread().interrupt();
                yield new Failure(ExitCode.ERROR, "interrupted", "the command was told to end", "");
            }
            default -> internal(exception);
        };
        new FailurePrinter(surroundings).print(failure, formatOf(failed));
        return failure.exitCode().number();
    }

    /** A bug of ours: still three lines; the stack trace only for who asks for it. */
    private Failure internal(Exception exception) {
        if (surroundings.variable("DROVER_DEBUG").isPresent()) {
            exception.printStackTrace(surroundings.err());
        }
        return new Failure(ExitCode.ERROR, "the command broke", exception.toString(),
                "this is a bug of drover: report it with what DROVER_DEBUG=1 shows");
    }

    private int misused(ParameterException exception, String[] arguments) {
        CommandLine command = exception.getCommandLine();
        String why = exception.getMessage().lines().findFirst().orElse("");
        String help = command.getCommandSpec().qualifiedName() + " --help";
        List<String> close = exception instanceof CommandLine.UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions()
                : List.of();
        String next = close.isEmpty() ? help : "did you mean " + close.get(0) + "? See " + help;
        Failure failure = new Failure(ExitCode.ERROR, "the command line is not understood", why, next, "USAGE",
                Map.of());
        new FailurePrinter(surroundings).print(failure, formatIn(List.of(arguments)));
        return failure.exitCode().number();
    }

    private static OutputFormat formatOf(CommandLine command) {
        return Optional.ofNullable(command.getMixins().get("output")).map(OutputOptions.class::cast)
                .map(OutputOptions::format).orElse(OutputFormat.TABLE);
    }

    /** The format that was asked for in a line that could not be parsed. */
    private static OutputFormat formatIn(List<String> arguments) {
        String line = " " + String.join(" ", arguments) + " ";
        for (String option : List.of(" -o ", " -o", " -o=", " --output ", " --output=")) {
            if (line.contains(option + "json ")) {
                return OutputFormat.JSON;
            }
            if (line.contains(option + "yaml ")) {
                return OutputFormat.YAML;
            }
        }
        return OutputFormat.TABLE;
    }
}
