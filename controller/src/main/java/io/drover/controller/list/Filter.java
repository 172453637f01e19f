package io.drover.controller.list;

import io.drover.controller.problem.ProblemException;
import io.drover.controller.problem.Violations;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The filter of a list: terms joined by AND, each a field, an operator ({@code =}, {@code !=} or {@code :} for "contains") and a
 * value, bare or in double quotes.
 */
public final class Filter<T> implements Predicate<T> {
    private static final Pattern TERM = Pattern
            .compile("\\s*([a-z_]+)\\s*(=|!=|:)\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s\"]+))");
    private static final Pattern AND = Pattern.compile("\\s+AND(?=\\s)");
    private static final int MAX_CHARS = 2_000;

    private final List<Predicate<T>> terms;

    private Filter(List<Predicate<T>> terms) {
        this.terms = terms;
    }

    /**
     * Reads a filter; an empty one takes everything.
     *
     * @param fields what may be asked for, with how to get it from an item
     * @throws ProblemException naming the term that is not understood
     */
    public static <T> Filter<T> parse(String text, Map<String, Function<T, String>> fields) throws ProblemException {
        List<Predicate<T>> terms = new ArrayList<>();
        if (text.isBlank()) {
            return new Filter<>(terms);
        }
        if (text.length() > MAX_CHARS) {
            throw ProblemException.invalid("filter",
                    text.length() + " characters (expected: at most " + MAX_CHARS + ")");
        }
        int at = 0;
        while (true) {
            Matcher term = TERM.matcher(text).region(at, text.length());
            if (!term.lookingAt()) {
                throw notUnderstood(text.substring(at), "a term like state = RUNNING");
            }
            terms.add(term(term, fields));
            at = term.end();
            if (text.substring(at).isBlank()) {
                return new Filter<>(terms);
            }
            Matcher and = AND.matcher(text).region(at, text.length()).useTransparentBounds(true);
            if (!and.lookingAt()) {
                throw notUnderstood(text.substring(at), "AND between terms");
            }
            at = and.end();
        }
    }

    private static <T> Predicate<T> term(Matcher term, Map<String, Function<T, String>> fields)
            throws ProblemException {
        Function<T, String> field = fields.get(term.group(1));
        if (field == null) {
            throw notUnderstood(term.group(), "a field of " + new TreeSet<>(fields.keySet()));
        }
        String value = term.group(3) != null ? term.group(3).replaceAll("\\\\(.)", "$1") : term.group(4);
        return switch (term.group(2)) {
            case "=" -> item -> field.apply(item).equals(value);
            case "!=" -> item -> !field.apply(item).equals(value);
            default -> item -> field.apply(item).contains(value);
        };
    }

    private static ProblemException notUnderstood(String term, String expected) {
        return ProblemException.invalid("filter",
                Violations.quoted(term.strip()) + " is not understood (expected: " + expected
                        + ")");
    }

    @Override
    public boolean test(T item) {
        return terms.stream().allMatch(term -> term.test(item));
    }
}
