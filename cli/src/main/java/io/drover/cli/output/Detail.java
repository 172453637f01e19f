package io.drover.cli.output;

import java.util.ArrayList;
import java.util.List;

/** A label and its value in the view of one thing; lines of the value after the first are indented under it. */
public record Detail(String label, String value, Emphasis emphasis) {

    /** Collects details, leaving out those that have nothing to say. */
    public static final class Sheet {
        private final List<Detail> details = new ArrayList<>();

        public Sheet add(String label, String value) {
            return add(label, value, Emphasis.NONE);
        }

        public Sheet add(String label, String value, Emphasis emphasis) {
            if (!value.isEmpty()) {
                details.add(new Detail(label, value, emphasis));
            }
            return this;
        }

        public List<Detail> details() {
            return List.copyOf(details);
        }
    }
}
