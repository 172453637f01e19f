package io.drover.controller.record;

import java.util.regex.Pattern;

/** How the last part of a resource's name is formed: 1 to 63 of a-z, 0-9 and '-', a letter first, no '-' last. */
public final class IdSyntax {
    private static final Pattern FORM = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

    /** For messages: what {@link #holds} accepts. */
    public static final String RULE = "1 to 63 of a-z, 0-9 and '-', beginning with a letter and not ending with '-'";

    private IdSyntax() {}

    public static boolean holds(String value) {
        return FORM.matcher(value).matches();
    }

    static String require(String kind, String value) {
        if (!holds(value)) {
            throw new IllegalArgumentException(kind + " id : " + value + " (expected: " + RULE + ")");
        }
        return value;
    }
}
