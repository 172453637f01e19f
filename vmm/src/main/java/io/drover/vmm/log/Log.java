package io.drover.vmm.log;

import java.io.PrintStream;
import java.time.LocalDate;

/**
 * Lines for the operator: time, level, the VM, what happened. No logging library: the JDK's own would cost a VMM process some 10
 * ms of its start. Safe for use by several threads.
 */
public final class Log {
    private static final long MILLIS_PER_DAY = 86_400_000;

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
        StringBuilder text = new StringBuilder(64 + message.length());
        appendTime(text, System.currentTimeMillis());
        out.println(text.append(' ').append(level).append(" vm=").append(vm).append(' ').append(message));
    }

    /** ISO 8601 in UTC. By hand, for a DateTimeFormatter is another 10 ms. */
    private static void appendTime(StringBuilder text, long epochMillis) {
        LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(epochMillis, MILLIS_PER_DAY));
        int ofDay = (int) Math.floorMod(epochMillis, MILLIS_PER_DAY);
        text.append(date.getYear()).append('-');
        appendPadded(text, date.getMonthValue(), 2).append('-');
        appendPadded(text, date.getDayOfMonth(), 2).append('T');
        appendPadded(text, ofDay / 3_600_000, 2).append(':');
        appendPadded(text, ofDay / 60_000 % 60, 2).append(':');
        appendPadded(text, ofDay / 1000 % 60, 2).append('.');
        appendPadded(text, ofDay % 1000, 3).append('Z');
    }

    private static StringBuilder appendPadded(StringBuilder text, int value, int digits) {
        int from = text.length();
        text.append(value);
        while (text.length() - from < digits) {
            text.insert(from, '0');
        }
        return text;
    }
}
