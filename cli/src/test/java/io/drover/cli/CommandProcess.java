package io.drover.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The command as a process of its own, for what only a process shows: signals, terminals, shells. */
public final class CommandProcess {
    private CommandProcess() {}

    /** The words that start it. */
    public static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(System.getProperty("java.home") + "/bin/java", "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC", "-Dslf4j.internal.verbosity=ERROR", "--sun-misc-unsafe-memory-access=deny",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Ddrover.terminals=" + System.getProperty("drover.terminals", ""),
                        "-cp", System.getProperty("java.class.path"), "io.drover.cli.Main"));
        command.addAll(List.of(arguments));
        return command;
    }

    /** The same as one shell command, with the terminals that it is to believe in. */
    public static String shellCommand(String terminals, String... arguments) {
        List<String> quoted = command(arguments).stream()
                .map(word -> word.startsWith("-Ddrover.terminals=") ? "-Ddrover.terminals=" + terminals : word)
                .map(word -> "'" + word.replace("'", "'\\''") + "'").toList();
        return String.join(" ", quoted);
    }

    /**
     * A command that signals reach: whoever started these tests may have had them ignored, as nohup does and shells do for what
     * they run in the background, and that is inherited.
     */
    public static List<String> heedingSignals(List<String> command) {
        List<String> heeding = new ArrayList<>(List.of("env", "--default-signal=INT,HUP,TERM"));
        heeding.addAll(command);
        return heeding;
    }

    public static ProcessBuilder builder(FakeController controller, String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(heedingSignals(command(arguments)));
        builder.environment().put("DROVER_CONTROLLER", controller.address());
        return builder;
    }

    /** Whether a program is there to be run. */
    public static boolean isInstalled(String program) {
        try {
            Process process = new ProcessBuilder("sh", "-c", "command -v " + program).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
