package io.drover.scheduler.host;

/**
 * The name of a host, the last part of {@code hosts/h1}. Ordered by name: where two hosts are equally good, the first
 * one is taken.
 *
 * @param name 1 to 63 of a-z, 0-9 and '-'; begins with a letter, ends with no '-'
 */
public record HostId(String name) implements Comparable<HostId> {
    private static final int MAX_LENGTH = 63;

    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException for any other name
     */
    public HostId {
        if (!wellFormed(name)) {
            throw new IllegalArgumentException("host name : " + name
                    + " (expected: 1 to 63 of a-z, 0-9 and '-', beginning with a letter and not ending with '-')");
        }
    }

    private static boolean wellFormed(String name) {
        if (name.isEmpty() || name.length() > MAX_LENGTH || !isLetter(name.charAt(0)) || name.endsWith("-")) {
            return false;
        }
        return name.chars().allMatch(c -> isLetter(c) || (c >= '0' && c <= '9') || c == '-');
    }

    private static boolean isLetter(int c) {
        return c >= 'a' && c <= 'z';
    }

    @Override
    public int compareTo(HostId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
