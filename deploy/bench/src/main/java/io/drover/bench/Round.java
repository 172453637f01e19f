package io.drover.bench;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What was measured of one VMM in one run, from its start to the end of its guest's work.
 *
 * @param values
 *            in the units of the metrics' titles; positive
 */
record Round(Map<Metric, Double> values) {
    private static final String PREFIX = "bench: ";
    private static final String FAILED = "failed ";

    Round {
        values = Map.copyOf(values);
    }

    /**
     * Reads what the scripts print: lines {@code bench: METRIC NUMBER}. Other lines, and metrics that were not asked for, are
     * passed over.
     *
     * @throws IOException
     *             when a measurement failed, or is not there
     */
    static Round parse(String output, Set<Metric.Phase> phases) throws IOException {
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        for (String line : output.lines().map(String::strip).filter(line -> line.startsWith(PREFIX)).toList()) {
            String said = line.substring(PREFIX.length());
            if (said.startsWith(FAILED)) {
                throw new IOException("the guest could not measure: " + said.substring(FAILED.length()));
            }
            String[] words = said.split(" ", -1);
            Optional<Metric> metric = Metric.named(words[0]).filter(named -> phases.contains(named.phase()));
            if (metric.isPresent()) {
                values.put(metric.get(), metric.get().toUnit(number(words, line)));
            }
        }
        for (Metric metric : Metric.values()) {
            if (phases.contains(metric.phase()) && !values.containsKey(metric)) {
                throw new IOException("no measurement of: " + metric.title() + "; what was said:\n" + output);
            }
        }
        return new Round(values);
    }

    private static double number(String[] words, String line) throws IOException {
        try {
            double number = words.length == 2 ? Double.parseDouble(words[1]) : Double.NaN;
            if (number > 0 && Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new IOException("measurement : \"" + line + "\" (expected: a name and a number)", e);
        }
        throw new IOException("measurement : \"" + line + "\" (expected: a name and a number above 0)");
    }
}
