package io.drover.agent;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people type them: {@code 512M}, {@code 2G}, in binary units; a plain number is bytes. */
final class ByteSize {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,15})([KMGT]?)");
    private static final String UNITS = "KMGT";

    private ByteSize() {}

    /** The bytes; empty when the text is no size, or more than 2^62. */
    static Optional<Long> parse(String text) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches()) {
            return Optional.empty();
        }
        int shift = size.group(2).isEmpty() ? 0 : 10 * (UNITS.indexOf(size.group(2)) + 1);
        long number = Long.parseLong(size.group(1));
        return number > 1L << 62 >> shift ? Optional.empty() : Optional.of(number << shift);
    }
}
