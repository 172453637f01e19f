package io.drover.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Rounds of ours and of a peer that were run by turns. The machine's speed wanders, so what counts is the median of the ratios of
 * neighbours.
 *
 * @param ours
 *            as many as theirs, at least one, of the same metrics
 */
record Comparison(String peer, List<Round> ours, List<Round> theirs) {
    Comparison {
        ours = List.copyOf(ours);
        theirs = List.copyOf(theirs);
        if (ours.isEmpty() || ours.size() != theirs.size()) {
            throw new IllegalArgumentException("rounds : " + ours.size() + " and " + theirs.size()
                    + " (expected: as many of each, and at least one)");
        }
    }

    /** As a table of Markdown. */
    String table() {
        StringBuilder table = new StringBuilder(String.format(Locale.ROOT,
                "| %d rounds | %s | Drover | times as good (worst, best) |%n|---|---|---|---|%n", ours.size(), peer));
        for (Metric metric : Metric.values()) {
            if (ours.getFirst().values().containsKey(metric)) {
                List<Double> scores = scores(metric);
                table.append(String.format(Locale.ROOT, "| %s | %s | %s | %.2f (%.2f, %.2f) |%n", metric.title(),
                        median(theirs, metric), median(ours, metric), median(scores), scores.getFirst(),
                        scores.getLast()));
            }
        }
        return table.toString();
    }

    /** The median of how good ours was beside its neighbour: above 1 is better. */
    double score(Metric metric) {
        return median(scores(metric));
    }

    private List<Double> scores(Metric metric) {
        List<Double> scores = new ArrayList<>();
        for (int round = 0; round < ours.size(); round++) {
            scores.add(metric.score(ours.get(round).values().get(metric), theirs.get(round).values().get(metric)));
        }
        return sorted(scores, Function.identity());
    }

    private static String median(List<Round> rounds, Metric metric) {
        double median = median(sorted(rounds, round -> round.values().get(metric)));
        return String.format(Locale.ROOT, median < 100 ? "%.1f" : "%,.0f", median);
    }

    private static <T> List<Double> sorted(List<T> values, Function<T, Double> number) {
        return values.stream().map(number).sorted().toList();
    }

    private static double median(List<Double> sorted) {
        return sorted.get(sorted.size() / 2);
    }
}
