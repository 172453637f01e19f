package io.drover.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The real programs, from the class path of the tests. */
final class TestPrograms implements Programs {
    private static final Map<String, String> MAINS = Map.of("controller", "io.drover.controller.Main", "agent",
            "io.drover.agent.Main");

    @Override
    public List<String> command(String program, List<String> arguments) {
        List<String> command = new ArrayList<>(
                List.of(System.getProperty("java.home") + "/bin/java", "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--illegal-native-access=deny",
                        "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"),
                        MAINS.get(program)));
        command.addAll(arguments);
        return command;
    }
}
