package io.drover.vmm.log;

import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Lines for the operator: time, level, the VM, what happened. No logging library: the JDK's own would cost a VMM process some 10
 * ms of its start. Safe for use by several threads.
 */
public final class Log {
    private final PrintStream out;
    private final String vm;

    /**
     * Writes to a stream.
     *
     * @param vm
     *            named in every line
     */
    public Log(PrintStream out, String vm) {
        this.out = out;
        this.vm = vm;
    }

    /** A state changed. */
    public void info(String message) {
        line("INFO ", message);
    }

    /** Odd, but handled. */
    public void warn(String message) {
        line("WARN ", message);
    }

    /** Something that was asked for failed. */
    public void error(String message) {
        line("ERROR", message);
    }

    /** Something failed in a way that only its trace explains. */
    public void error(String message, Throwable cause) {
        StringBuilder text = new StringBuilder(message).append(": ").append(cause);
        for (StackTraceElement element : cause.getStackTrace()) {
            text.append("\n    at ").append(element);
        }
        line("ERROR", text.toString());
    }

    private void line(String level, String message) {
        out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + level + " vm=" + vm + " " + message);
    }
}
