package io.drover.agent.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sets of CPUs as Linux writes them, such as "0-3,7" (cpuset(7), List format). */
public final class CpuList {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    private CpuList() {}

    /**
     * Reads one; an empty text is the empty set.
     *
     * @throws IllegalArgumentException when it is none
     */
    public static NavigableSet<Integer> parse(String text) {
        NavigableSet<Integer> cpus = new TreeSet<>();
        if (text.isBlank()) {
            return cpus;
        }
        for (String part : text.strip().split(",", -1)) {
            Matcher range = RANGE.matcher(part);
            if (!range.matches()) {
                throw new IllegalArgumentException("CPUs : " + text + " (expected: such as 0-3,7)");
            }
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (last < first) {
                throw new IllegalArgumentException("CPUs : " + text + " (expected: such as 0-3,7)");
            }
            for (int cpu = first; cpu <= last; cpu++) {
                cpus.add(cpu);
            }
        }
        return cpus;
    }

    /** The shortest text. */
    public static String text(Collection<Integer> cpus) {
        List<String> parts = new ArrayList<>();
        List<Integer> sorted = new ArrayList<>(new TreeSet<>(cpus));
        for (int index = 0; index < sorted.size();) {
            int first = sorted.get(index);
            int last = first;
            index++;
            while (index < sorted.size() && sorted.get(index) == last + 1) {
                last++;
                index++;
            }
            parts.add(first == last ? Integer.toString(first) : first + "-" + last);
        }
        return String.join(",", parts);
    }
}
