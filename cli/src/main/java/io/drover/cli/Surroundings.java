package io.drover.cli;

import io.drover.cli.output.Style;
import java.io.InputStream;
import java.io.PrintStream;
import java.time.Clock;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a command sees of the world it runs in: main hands it the real one, a test its own. */
public record Surroundings(InputStream in, PrintStream out, PrintStream err, Map<String, String> environment,
        Set<Descriptor> terminals, Clock clock) {

    /** The three standard descriptors. */
    public enum Descriptor {
        IN('0'), OUT('1'), ERR('2');

        private final char digit;

        Descriptor(char digit) {
            this.digit = digit;
        }
    }

    public Surroundings {
        environment = Map.copyOf(environment);
        terminals = Set.copyOf(terminals);
    }

    /** An environment variable, absent also when it is set but empty. */
    public Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    /** Whether a person reads what is written to {@code descriptor}, or types what comes from it. */
    public boolean isTerminal(Descriptor descriptor) {
        return terminals.contains(descriptor);
    }

    /** Colours for what goes to {@code descriptor}: none off a terminal, nor with NO_COLOR (no-color.org) or a dumb terminal. */
    public Style style(Descriptor descriptor) {
        boolean wanted = isTerminal(descriptor) && variable("NO_COLOR").isEmpty()
                && !variable("TERM").filter("dumb"::equals).isPresent();
        return wanted ? Style.COLOURED : Style.PLAIN;
    }

    /** The same with other environment variables. */
    public Surroundings withEnvironment(Map<String, String> other) {
        return new Surroundings(in, out, err, other, terminals, clock);
    }

    /**
     * The terminals as the launcher found them, which can ask the kernel: the digits of the descriptors that are one. Without
     * the launcher (a debugger, a test) nothing is one.
     */
    static Set<Descriptor> terminalsOf(String digits) {
        Set<Descriptor> terminals = EnumSet.noneOf(Descriptor.class);
        for (Descriptor descriptor : Descriptor.values()) {
            if (digits.indexOf(descriptor.digit) >= 0) {
                terminals.add(descriptor);
            }
        }
        return terminals;
    }
}
