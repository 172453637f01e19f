package io.drover.cli.option;

import io.drover.cli.output.OutputFormat;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** How words on the command line become values. */
public final class Converters {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18})(?:([KMGT])(?:i?B)?|B)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern TIME = Pattern
            .compile("(?:(\\d{1,6})h)?(?:(\\d{1,6})m(?!s))?(?:(\\d{1,6})(?:s|$))?(?:(\\d{1,6})ms)?");
    private static final String UNITS = "KMGT";

    private Converters() {}

    public static void register(CommandLine command) {
        command.registerConverter(Bytes.class, Converters::bytes);
        command.registerConverter(DiskOption.class, DiskOption::parse);
        command.registerConverter(NicOption.class, NicOption::parse);
        command.registerConverter(Duration.class, Converters::duration);
        command.registerConverter(OutputFormat.class, Converters::format);
        command.setCaseInsensitiveEnumValuesAllowed(true);
    }

    /** A number of bytes. */
    public record Bytes(long count) {}

    /** 512M, 2G, 1GiB; a plain number is bytes. */
    static Bytes bytes(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (matcher.matches()) {
            int unit = matcher.group(2) == null ? 0 : 1 + UNITS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT));
            try {
                return new Bytes(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * unit)));
            } catch (ArithmeticException expected) {
                // Said below.
            }
        }
        throw new TypeConversionException(
                "'" + text + "' is no size (expected: such as 256M, 2G or a number of bytes)");
    }

    /** 90s, 5m, 1h30m, 300ms; a plain number is seconds. */
    static Duration duration(String text) {
        Matcher matcher = TIME.matcher(text);
        if (text.isEmpty() || !matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is no time (expected: such as 90s, 5m or 1h30m)");
        }
        return Duration.ofHours(number(matcher, 1)).plusMinutes(number(matcher, 2)).plusSeconds(number(matcher, 3))
                .plusMillis(number(matcher, 4));
    }

    private static long number(Matcher matcher, int group) {
        return matcher.group(group) == null ? 0 : Long.parseLong(matcher.group(group));
    }

    private static OutputFormat format(String text) {
        for (OutputFormat format : OutputFormat.values()) {
            if (format.name().equalsIgnoreCase(text)) {
                return format;
            }
        }
        throw new TypeConversionException(
                "'" + text + "' is no output format (expected: " + Arrays.stream(OutputFormat.values())
                        .map(format -> format.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(", ")) + ")");
    }
}
