package io.drover.agent.driver;

import java.util.regex.Pattern;

/** What VMs and their disks may be called: safe as the name of a file, and in a kernel's command line. */
public final class NameSyntax {
    private static final Pattern FORM = Pattern.compile("[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?");

    private NameSyntax() {}

    /**
     * Refuses any other name, with an {@link IllegalArgumentException}.
     *
     * @param what for the message, as "VM name"
     */
    public static void check(String what, String name) {
        if (!FORM.matcher(name).matches()) {
            throw new IllegalArgumentException(what + " : " + name
                    + " (expected: 1 to 63 of a-z, 0-9 and '-', beginning with a letter, not ending with '-')");
        }
    }
}
