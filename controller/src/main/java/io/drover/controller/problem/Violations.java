package io.drover.controller.problem;

import io.drover.controller.record.IdSyntax;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Collects what is wrong with a request, so that its sender hears all of it at once. Belongs to one thread. */
public final class Violations {
    private static final Pattern UUID_FORM = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    private final List<Problem.Violation> found = new ArrayList<>();

    public void add(String field, String description) {
        found.add(new Problem.Violation(field, description));
    }

    public void require(boolean holds, String field, String description) {
        if (!holds) {
            add(field, description);
        }
    }

    /** The last part of a name. */
    public <T> Optional<T> id(String field, String value, Function<String, T> make) {
        if (!IdSyntax.holds(value)) {
            add(field, quoted(value) + " (expected: " + IdSyntax.RULE + ")");
            return Optional.empty();
        }
        return Optional.of(make.apply(value));
    }

    /** A whole name, such as {@code vms/web-1}. */
    public <T> Optional<T> name(String field, String value, String collection, Function<String, T> make) {
        String prefix = collection + "/";
        if (!value.startsWith(prefix) || !IdSyntax.holds(value.substring(prefix.length()))) {
            add(field, quoted(value) + " (expected: " + prefix + "… with " + IdSyntax.RULE + ")");
            return Optional.empty();
        }
        return Optional.of(make.apply(value.substring(prefix.length())));
    }

    /** Empty or a UUID. */
    public void requestId(String value) {
        require(value.isEmpty() || UUID_FORM.matcher(value).matches(), "request_id",
                quoted(value) + " (expected: a UUID, or nothing)");
    }

    public boolean none() {
        return found.isEmpty();
    }

    public void throwIfAny() throws ProblemException {
        if (!found.isEmpty()) {
            throw new ProblemException(new Problem.Invalid(found));
        }
    }

    /** What a sender wrote, cut to a length that fits into a message. */
    public static String quoted(String value) {
        return '"' + (value.length() > 100 ? value.substring(0, 100) + "…" : value) + '"';
    }
}
