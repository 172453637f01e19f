package io.drover.lab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes of memory as people write them: {@code 512M}, {@code 2G}, or bytes. */
final class MemorySize {
    private static final Pattern FORM = Pattern.compile("(\\d{1,15})([KMGT]?)");
    private static final long MEBIBYTE = 1L << 20;

    private MemorySize() {}

    static int parseMebibytes(String text) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            long factor = switch (matcher.group(2)) {
                case "K" -> 1L << 10;
                case "M" -> MEBIBYTE;
                case "G" -> 1L << 30;
                case "T" -> 1L << 40;
                default -> 1;
            };
            long number = Long.parseLong(matcher.group(1));
            if (number <= Long.MAX_VALUE / factor && number * factor / MEBIBYTE <= Integer.MAX_VALUE) {
                return (int) (number * factor / MEBIBYTE);
            }
        }
        throw new IllegalArgumentException("memory : '" + text + "' (expected: a size such as 512M or 2G)");
    }
}
