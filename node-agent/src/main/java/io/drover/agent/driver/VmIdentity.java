package io.drover.agent.driver;

import java.util.regex.Pattern;

/**
 * One VM under one ownership.
 *
 * @param name the last part of its name, 1 to 63 of a-z, 0-9 and '-'
 * @param uid never used again for another VM; safe as the name of a file
 * @param epoch of the ownership, positive; a higher one is newer
 */
public record VmIdentity(String name, String uid, long epoch) {
    private static final Pattern UID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]{0,63}");

    public VmIdentity {
        NameSyntax.check("VM name", name);
        if (!UID.matcher(uid).matches()) {
            throw new IllegalArgumentException("VM uid : " + uid + " (expected: 1 to 64 letters, digits and '-')");
        }
        if (epoch <= 0) {
            throw new IllegalArgumentException("epoch : " + epoch + " (expected: positive)");
        }
    }

    @Override
    public String toString() {
        return name + " (uid " + uid + ", epoch " + epoch + ")";
    }
}
