package io.drover.demo;

import io.drover.cli.output.Style;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/** Tells what the demo does, as it does it, with the time since it began. Thread-safe. */
final class Narrator {
    private static final String INDENT = "            ";

    /** Control Sequence Introducer and what belongs to it, ECMA-48, 5.4. */
    private static final Pattern CONTROL_SEQUENCE = Pattern.compile("\033\\[[0-?]*[ -/]*[@-~]");

    private final PrintStream out;
    private final Style style;
    private final long begun = System.nanoTime();

    Narrator(PrintStream out, Style style) {
        this.out = out;
        this.style = style;
    }

    /** A step begins. */
    synchronized void step(String text) {
        out.println(style.faint(String.format(Locale.ROOT, "[%7.1f s]", sinceBegun().toMillis() / 1_000.0)) + " "
                + style.strong(text));
        out.flush();
    }

    /** Something about the step: every line of the text is indented. */
    synchronized void detail(String text) {
        text.lines().forEach(line -> out.println(INDENT + line));
        out.flush();
    }

    /** What a guest prints. */
    synchronized void guest(String vm, String line) {
        // A guest may send anything; the reader's terminal is not its to control.
        out.println(INDENT + style.faint(vm + " |") + " " + withoutControls(line));
        out.flush();
    }

    /** What a terminal would show of a line. */
    static String withoutControls(String line) {
        return CONTROL_SEQUENCE.matcher(line).replaceAll("").replaceAll("\\p{Cntrl}", "");
    }

    /** A line without indentation. */
    synchronized void line(String text) {
        out.println(text);
        out.flush();
    }

    Duration sinceBegun() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1_000.0);
    }
}
