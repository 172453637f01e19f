package io.drover.vmm.client;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * TCP ports at which migrations may be taken, so that a firewall can let just these through. Each migration that comes
 * listens at one of them of its own.
 *
 * @param first 1 to 65535, or 0
 * @param last from {@code first} to 65535; 0 with it: any that is free
 */
public record MigrationPorts(int first, int last) {
    /** Any that is free. */
    public static final MigrationPorts ANY = new MigrationPorts(0, 0);

    private static final int MAX = 65_535;
    private static final Pattern TEXT = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    public MigrationPorts {
        boolean any = first == 0 && last == 0;
        if (!any && (first < 1 || last < first || last > MAX)) {
            throw new IllegalArgumentException(
                    "ports : " + first + "-" + last + " (expected: FIRST-LAST, from 1 to 65535)");
        }
    }

    /**
     * Reads {@code 7100-7163}, {@code 7100}, or {@code 0} for {@link #ANY}.
     *
     * @throws IllegalArgumentException
     *             when it is none of these
     */
    public static MigrationPorts parse(String text) {
        Matcher range = TEXT.matcher(text.strip());
        if (!range.matches()) {
            throw new IllegalArgumentException("ports : " + text + " (expected: such as 7100-7163, or 0 for any)");
        }
        int first = Integer.parseInt(range.group(1));
        return new MigrationPorts(first, range.group(2) == null ? first : Integer.parseInt(range.group(2)));
    }

    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
