package io.drover.cli.output;

import com.google.protobuf.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Sizes and times in the words of people. */
public final class Quantity {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

    private Quantity() {}

    /** Binary units, at most one decimal: "256 MiB", "1.5 GiB". */
    public static String bytes(long bytes) {
        int unit = 0;
        double value = bytes;
        while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        String number = value == Math.rint(value) ? String.valueOf((long) value)
                : String.format(Locale.ROOT, "%.1f", value);
        return number + " " + UNITS[unit];
    }

    /** How long ago, in the one or two units that matter: "12s", "3m40s", "2h", "5d". Empty when never. */
    public static String age(Timestamp since, Clock clock) {
        if (since.getSeconds() == 0) {
            return "";
        }
        return span(Duration.between(Instant.ofEpochSecond(since.getSeconds(), since.getNanos()), clock.instant()));
    }

    public static String span(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 600) {
            return seconds / 60 + "m" + (seconds % 60 == 0 ? "" : seconds % 60 + "s");
        }
        if (seconds < 7_200) {
            return seconds / 60 + "m";
        }
        return seconds < 172_800 ? seconds / 3_600 + "h" : seconds / 86_400 + "d";
    }

    /** To the thousandth of a second: "7 ms", "1.25 s"; what is shorter than ten milliseconds to the hundredth of one. */
    public static String fine(Duration duration) {
        double millis = Math.max(0, duration.toNanos()) / 1e6;
        if (millis >= 1_000) {
            return String.format(Locale.ROOT, "%.2f s", millis / 1_000);
        }
        return millis >= 10 || millis == Math.rint(millis) ? Math.round(millis) + " ms"
                : String.format(Locale.ROOT, "%.2f ms", millis);
    }

    /** RFC 3339 in UTC, to the second. Empty when never. */
    public static String time(Timestamp time) {
        return time.getSeconds() == 0 ? "" : Instant.ofEpochSecond(time.getSeconds()).toString();
    }
}
